"""LangChain's chat models and agents through the gateway. Usage: langchain_check.py http://HOST:PORT"""

import urllib.parse

import httpx
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_classic.agents import AgentType, initialize_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool, tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

from harness import BASE, KEY, check, run

EVERYBODY = ["gpt-4", "claude-sonnet-5", "gemini-2.5-flash", "nova-lite", "command-a"]


def chat_models(name):
    yield ChatOpenAI(model=name, base_url=BASE + "/v1", api_key=KEY, max_retries=0)
    yield ChatOpenAI(model=name, base_url=BASE + "/v1", api_key=KEY, max_retries=0, use_responses_api=True)
    yield ChatAnthropic(model=name, base_url=BASE, api_key=KEY, max_retries=0, max_tokens=64)
    yield ChatGoogleGenerativeAI(model=name, base_url=BASE, api_key=KEY, max_retries=1)


@tool
def get_weather(city: str) -> str:
    """Weather of a city."""
    return f"sunny in {city}"


class WeatherResponse(BaseModel):
    """Structured weather response for the agent."""

    temperature: float = Field(description="The temperature in Fahrenheit.")
    wind_direction: str = Field(description="The direction of the wind in abbreviated form (e.g., 'N', 'SW').")
    wind_speed: float = Field(description="The speed of the wind in km/h.")


def fake_get_weather(location: str) -> WeatherResponse:
    """Fake implementation of the weather tool."""
    asked.append(location)
    return WeatherResponse(temperature=72.5, wind_direction="NW", wind_speed=15.3)


asked = []


@check
def every_chat_model_reaches_every_provider():
    for name in EVERYBODY:
        for llm in chat_models(name):
            assert "Hello!" in llm.invoke("Hello!").text, (name, llm)
            assert "Hello!" in "".join(chunk.text for chunk in llm.stream("Hello!")), (name, llm)


@check
def tools_are_bound_by_hand():
    for name in EVERYBODY:
        for llm in chat_models(name):
            turns = [HumanMessage("use get_weather")]
            agent = llm.bind_tools([get_weather])
            answer = agent.invoke(turns)
            assert answer.tool_calls, (name, llm, answer)
            turns.append(answer)
            turns += [ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"]) for call in answer.tool_calls]
            assert "sunny in text" in agent.invoke(turns).text, (name, llm, turns)


@check
def tool_calling_agents_find_their_answer():
    for name in EVERYBODY:
        for llm in chat_models(name):
            asked.clear()
            agent = create_agent(llm, [StructuredTool.from_function(fake_get_weather)], system_prompt="Be brief.")
            question = "use fake_get_weather: What is the weather in Boston?"
            turns = agent.invoke({"messages": [HumanMessage(question)]})["messages"]
            assert asked == ["text"], (name, llm, turns)
            assert "wind_direction='NW'" in turns[-1].text, (name, llm, turns)
            asked.clear()
            streamed = list(agent.stream({"messages": [HumanMessage(question)]}, stream_mode="messages"))
            assert asked == ["text"] and streamed, (name, llm, streamed)


@check
def answers_are_structured():
    for name in EVERYBODY:
        for llm in chat_models(name):
            answer = llm.with_structured_output(WeatherResponse).invoke("What is the weather in Boston?")
            assert isinstance(answer, WeatherResponse), (name, llm, answer)


@check
def the_document_s_own_agent_reasons_in_text():
    action = 'Action:\n```\n{"action": "fake_get_weather", "action_input": {"location": "Boston"}}\n```'
    final = 'Action:\n```\n{"action": "Final Answer", "action_input": "72.5 degrees"}\n```'
    for name in EVERYBODY:
        asked.clear()
        script = [action, final]

        def say(request):
            request.headers["x-mock-fault"] = "text=" + urllib.parse.quote(script.pop(0))

        llm = ChatOpenAI(model=name, temperature=0.7, base_url=BASE + "/v1", api_key=KEY, max_retries=0,
                         http_client=httpx.Client(event_hooks={"request": [say]}))
        weather_tool = StructuredTool.from_function(fake_get_weather)
        agent_chain = initialize_agent([weather_tool], llm, agent=AgentType.STRUCTURED_CHAT_ZERO_SHOT_REACT_DESCRIPTION)
        answer = agent_chain.invoke(input="What is the weather in Boston?")
        assert asked == ["Boston"] and answer["output"] == "72.5 degrees", (name, answer)


run("langchain")
