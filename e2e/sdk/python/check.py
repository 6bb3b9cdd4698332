"""The official Python SDKs through the gateway. Usage: check.py http://HOST:PORT"""

import asyncio
import io

import anthropic
import openai
from google import genai
from google.genai import types as genai_types

from harness import BASE, KEY, check, run

HELLO = [{"role": "user", "content": "Hello!"}]


def client(path, key=KEY):
    return openai.OpenAI(base_url=BASE + path, api_key=key, max_retries=0)


@check
def openai_chat_on_every_base_url():
    for path, model in [("/v1", "gpt-4"), ("/openai/v1", "gpt-4"), ("/v1", "openai/gpt-4"), ("/devteam-chatgpt/v1", "ignored")]:
        answer = client(path).chat.completions.create(model=model, messages=HELLO)
        assert "Hello!" in answer.choices[0].message.content, answer
        assert answer.model == "gpt-4" and answer.usage.total_tokens > 0, answer
        assert answer._request_id.startswith("req-"), answer._request_id


@check
def openai_identifier_adds_its_prompt_and_parameters():
    answer = client("/devteam-chatgpt/v1").chat.completions.create(model="x", messages=HELLO)
    assert "Sherlock Holmes" in answer.choices[0].message.content, answer


@check
def openai_streams():
    for path in ["/v1", "/openai/v1", "/devteam-chatgpt/v1"]:
        chunks = list(client(path).chat.completions.create(model="gpt-4", messages=HELLO, stream=True))
        assert "Hello!" in "".join(c.choices[0].delta.content or "" for c in chunks)
        assert all(c.choices for c in chunks), "the usage chunk that nobody asked for is there"
        asked = list(client(path).chat.completions.create(
            model="gpt-4", messages=HELLO, stream=True, stream_options={"include_usage": True}))
        assert asked[-1].usage.completion_tokens > 0 and not asked[-1].choices


@check
def openai_async():
    async def run():
        c = openai.AsyncOpenAI(base_url=BASE + "/v1", api_key=KEY, max_retries=0)
        answer = await c.chat.completions.create(model="gpt-4", messages=HELLO)
        assert "Hello!" in answer.choices[0].message.content
        stream = await c.chat.completions.create(model="gpt-4", messages=HELLO, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        assert "Hello!" in text
        await c.close()
    asyncio.run(run())


@check
def openai_other_surfaces():
    c = client("/v1")
    assert len(c.embeddings.create(model="text-embedding-3-small", input="a").data[0].embedding) > 0
    assert c.completions.create(model="gpt-4", prompt="Once").choices[0].text
    assert "gpt-4" in [m.id for m in c.models.list()]
    assert c.models.retrieve("gpt-4").id == "gpt-4"
    assert c.images.generate(model="dall-e-3", prompt="a cat").data
    assert c.audio.transcriptions.create(model="whisper-1", file=("a.wav", io.BytesIO(b"RIFF" * 64))).text is not None


@check
def openai_errors_are_the_sdk_s_own():
    try:
        client("/v1").chat.completions.create(model="nope", messages=HELLO)
        raise AssertionError("an unknown model was answered")
    except openai.NotFoundError as error:
        assert error.body["type"] == "unknown_model" and error.request_id.startswith("req-"), error.body
    try:
        client("/v1", "wrong").chat.completions.create(model="gpt-4", messages=HELLO)
        raise AssertionError("a wrong key was let in")
    except openai.AuthenticationError as error:
        assert error.body["type"] == "auth", error.body


@check
def openai_sees_a_cut_stream():
    try:
        list(client("/v1").chat.completions.create(
            model="gpt-4", messages=HELLO, stream=True, extra_headers={"x-mock-fault": "chunks=9;cut=3"}))
        raise AssertionError("a cut stream ended cleanly")
    except openai.APIError as error:
        assert "stream" in str(error) or "broke" in str(error), error


@check
def anthropic_messages():
    for base in [BASE, BASE + "/anthropic"]:
        c = anthropic.Anthropic(base_url=base, api_key=KEY, max_retries=0)
        answer = c.messages.create(model="claude-sonnet-5", max_tokens=64, messages=HELLO)
        assert "Hello!" in answer.content[0].text and answer.usage.output_tokens > 0, answer
        with c.messages.stream(model="claude-sonnet-5", max_tokens=64, messages=HELLO) as stream:
            assert "Hello!" in "".join(stream.text_stream)
        assert c.messages.count_tokens(model="claude-sonnet-5", messages=HELLO).input_tokens > 0
    assert "claude-sonnet-5" in [m.id for m in anthropic.Anthropic(base_url=BASE, api_key=KEY).models.list()]


@check
def anthropic_async_and_errors():
    async def run():
        c = anthropic.AsyncAnthropic(base_url=BASE, api_key=KEY, max_retries=0)
        answer = await c.messages.create(model="claude-sonnet-5", max_tokens=64, messages=HELLO)
        assert "Hello!" in answer.content[0].text
    asyncio.run(run())
    try:
        anthropic.Anthropic(base_url=BASE, api_key=KEY).messages.create(model="nope", max_tokens=1, messages=HELLO)
        raise AssertionError("an unknown model was answered")
    except anthropic.NotFoundError as error:
        assert error.body["error"]["type"] == "not_found_error", error.body
    try:
        c = anthropic.Anthropic(base_url=BASE, api_key=KEY, max_retries=0,
                                default_headers={"x-mock-fault": "chunks=9;cut=3"})
        with c.messages.stream(model="claude-sonnet-5", max_tokens=64, messages=HELLO) as stream:
            stream.until_done()
        raise AssertionError("a cut stream ended cleanly")
    except anthropic.APIError:
        pass


@check
def gemini_generates():
    for base in [BASE, BASE + "/gemini"]:
        c = genai.Client(api_key=KEY, http_options=genai_types.HttpOptions(base_url=base))
        answer = c.models.generate_content(model="gemini-2.5-flash", contents="Hello!")
        assert "Hello!" in answer.text and answer.usage_metadata.total_token_count > 0, answer
        text = "".join(c.text or "" for c in c.models.generate_content_stream(model="gemini-2.5-flash", contents="Hello!"))
        assert "Hello!" in text
        assert c.models.count_tokens(model="gemini-2.5-flash", contents="Hello!").total_tokens > 0

    async def run():
        c = genai.Client(api_key=KEY, http_options=genai_types.HttpOptions(base_url=BASE))
        answer = await c.aio.models.generate_content(model="gemini-2.5-flash", contents="Hello!")
        assert "Hello!" in answer.text
    asyncio.run(run())
    try:
        c = genai.Client(api_key=KEY, http_options=genai_types.HttpOptions(base_url=BASE))
        c.models.generate_content(model="nope", contents="x")
        raise AssertionError("an unknown model was answered")
    except genai.errors.ClientError as error:
        assert error.code == 404 and error.status == "NOT_FOUND", error


EVERYBODY = ["gpt-4", "claude-sonnet-5", "gemini-2.5-flash", "nova-lite", "command-a"]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@check
def openai_reaches_every_provider():
    c = client("/v1")
    tools = [{"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": CITY}}]
    for model in EVERYBODY:
        answer = c.chat.completions.create(model=model, messages=HELLO)
        assert answer.choices[0].message.content == "You said: Hello!" and answer.usage.completion_tokens == 3, answer
        chunks = list(c.chat.completions.create(
            model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}))
        assert "".join(x.choices[0].delta.content or "" for x in chunks if x.choices) == "You said: Hello!", chunks
        assert chunks[-1].usage.completion_tokens == 3, chunks[-1]
        asked = [{"role": "user", "content": "use get_weather"}]
        with c.chat.completions.stream(model=model, messages=asked, tools=tools) as stream:
            call = stream.get_final_completion().choices[0].message.tool_calls[0]
        assert call.function.name == "get_weather" and call.function.arguments == '{"city":"text"}', call
        called = c.chat.completions.create(model=model, messages=asked, tools=tools).choices[0].message
        turns = asked + [called.model_dump(exclude_none=True, include={"role", "content", "tool_calls"}),
                         {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "sunny"}]
        assert "sunny" in c.chat.completions.create(model=model, messages=turns, tools=tools).choices[0].message.content
        try:
            list(c.chat.completions.create(model=model, messages=HELLO, stream=True,
                                           extra_headers={"x-mock-fault": "chunks=9;cut=3"}))
            raise AssertionError("a cut stream ended cleanly")
        except openai.APIError:
            pass
        try:
            c.chat.completions.create(model=model, messages=HELLO, extra_headers={"x-mock-fault": "status=429"})
            raise AssertionError("an error was an answer")
        except openai.RateLimitError as error:
            assert error.body["message"], error.body


@check
def responses_reach_every_provider():
    c = client("/v1")
    tools = [{"type": "function", "name": "get_weather", "description": "Weather", "parameters": CITY, "strict": False}]
    for model in EVERYBODY:
        answer = c.responses.create(model=model, input="Hello!", store=False)
        assert answer.output_text == "You said: Hello!" and answer.status == "completed", answer
        with c.responses.stream(model=model, input="Hello!") as stream:
            kinds = [event.type for event in stream]
            final = stream.get_final_response()
        assert final.output_text == "You said: Hello!" and "response.output_text.delta" in kinds, kinds
        with c.responses.stream(model=model, input="use get_weather", tools=tools) as stream:
            for _ in stream:
                pass
            call = stream.get_final_response().output[-1]
        assert call.type == "function_call" and call.arguments == '{"city":"text"}', call
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        asked = [{"role": "user", "content": "use get_weather"}, {
            "type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}, result]
        assert "sunny" in c.responses.create(model=model, input=asked, tools=tools).output_text


@check
def anthropic_reaches_every_provider():
    c = anthropic.Anthropic(base_url=BASE, api_key=KEY, max_retries=0)
    tools = [{"name": "get_weather", "description": "Weather", "input_schema": CITY}]
    for model in EVERYBODY:
        answer = c.messages.create(model=model, max_tokens=64, messages=HELLO)
        assert answer.content[0].text == "You said: Hello!" and answer.stop_reason == "end_turn", answer
        asked = [{"role": "user", "content": "use get_weather"}]
        with c.messages.stream(model=model, max_tokens=64, messages=asked, tools=tools) as stream:
            final = stream.get_final_message()
        call = final.content[-1]
        assert final.stop_reason == "tool_use" and call.input == {"city": "text"}, final
        turns = asked + [{"role": "assistant", "content": [call.model_dump(include={"type", "id", "name", "input"})]},
                         {"role": "user", "content": [
                             {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}]}]
        assert "sunny" in c.messages.create(model=model, max_tokens=64, messages=turns, tools=tools).content[0].text
        with c.messages.stream(model=model, max_tokens=9000, messages=HELLO,
                               thinking={"type": "enabled", "budget_tokens": 2000}) as stream:
            assert stream.get_final_text() == "You said: Hello!"
        try:
            c.messages.create(model=model, max_tokens=64, messages=HELLO, extra_headers={"x-mock-fault": "status=429"})
            raise AssertionError("an error was an answer")
        except anthropic.RateLimitError as error:
            # OpenAI's and AWS' 429 say so in their own words, which are kept.
            assert error.body["error"]["type"] == "rate_limit_error" and error.body["error"]["message"], error.body


@check
def gemini_reaches_every_provider():
    c = genai.Client(api_key=KEY, http_options=genai_types.HttpOptions(base_url=BASE))
    function = genai_types.FunctionDeclaration(name="get_weather", description="Weather", parameters_json_schema=CITY)
    config = genai_types.GenerateContentConfig(
        tools=[genai_types.Tool(function_declarations=[function])], system_instruction="be kind",
        automatic_function_calling=genai_types.AutomaticFunctionCallingConfig(disable=True))
    for model in EVERYBODY:
        answer = c.models.generate_content(model=model, contents="Hello!")
        assert answer.text == "You said: Hello!" and answer.usage_metadata.candidates_token_count == 3, answer
        text = "".join(x.text or "" for x in c.models.generate_content_stream(model=model, contents="Hello!"))
        assert text == "You said: Hello!", text
        chunks = list(c.models.generate_content_stream(model=model, contents="use get_weather", config=config))
        calls = [call for x in chunks for call in x.function_calls or []]
        assert len(calls) == 1 and calls[0].args == {"city": "text"}, chunks
        turns = [genai_types.UserContent("use get_weather"),
                 genai_types.ModelContent([genai_types.Part(function_call=calls[0])]),
                 genai_types.UserContent([genai_types.Part(function_response=genai_types.FunctionResponse(
                     id=calls[0].id, name="get_weather", response={"output": "sunny"}))])]
        if model == "gemini-2.5-flash":
            turns[2].parts[0].function_response.id = None
        assert "sunny" in c.models.generate_content(model=model, contents=turns, config=config).text


run("python")
