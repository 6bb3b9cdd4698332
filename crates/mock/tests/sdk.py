"""The mock's answers against the vendors' own SDK types, so that mock and gateway don't only agree with each other.

    pip install openai anthropic google-genai
    cargo run -p sluice-mock --profile ci --example serve -- 127.0.0.1:9300 &
    python crates/mock/tests/sdk.py http://127.0.0.1:9300
"""

import io
import sys

import anthropic
import openai
from google import genai
from google.genai import types

BASE = sys.argv[1]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
HI = [{"role": "user", "content": "hi"}]
CALL = [{"role": "user", "content": "call get_weather"}]


def fails(error, act):
    """What `act` raises, which has to be an `error`."""
    try:
        act()
    except error as caught:
        return caught
    raise AssertionError(f"no {error.__name__}")


def check_openai():
    client = openai.OpenAI(api_key="k", base_url=BASE + "/v1", max_retries=0)
    chat = client.chat.completions
    answer = chat.create(model="m", messages=[{"role": "system", "content": "s"}, *HI])
    assert answer.choices[0].message.content == "You said: hi [system: s]"
    assert answer.usage.completion_tokens_details.reasoning_tokens == 0
    chunks = list(chat.create(model="m", messages=HI, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].usage.total_tokens == 4 and chunks[-1].choices == []
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
    call = chat.create(model="m", messages=CALL, tools=tools).choices[0].message.tool_calls[0]
    assert call.function.arguments == '{"city":"text"}'
    with chat.stream(model="m", messages=CALL, tools=tools) as stream:
        call = stream.get_final_completion().choices[0].message.tool_calls[0]
    assert call.function.arguments == '{"city":"text"}'
    assert len(client.embeddings.create(model="e", input=["a", "b"]).data[1].embedding) == 64
    assert client.completions.create(model="m", prompt="hi").choices[0].text == "You said: hi"
    assert [m.id for m in client.models.list()] == ["mock-model", "mock-embedding"]
    audio = client.audio.transcriptions.create(model="w", file=("a.wav", io.BytesIO(b"x" * 1000)))
    assert "file=1000" in audio.text
    assert len(client.images.generate(model="i", prompt="cat", n=2).data) == 2
    assert fails(openai.RateLimitError, lambda: chat.create(model="mock-status-429", messages=HI)).type == "requests"
    fails(openai.InternalServerError, lambda: chat.create(model="mock-status-500", messages=HI))
    fails(openai.APIError, lambda: list(chat.create(model="mock-error-event-2", messages=HI, stream=True)))
    fails(openai.AuthenticationError, lambda: openai.OpenAI(api_key="invalid", base_url=BASE + "/v1").models.list())


def check_responses():
    client = openai.OpenAI(api_key="k", base_url=BASE + "/v1", max_retries=0)
    assert client.responses.create(model="m", input="hi").output_text == "You said: hi"
    with client.responses.stream(model="m", input="hi") as stream:
        assert stream.get_final_response().output_text == "You said: hi"
    tools = [{"type": "function", "name": "get_weather", "parameters": SCHEMA}]
    with client.responses.stream(model="m", input="call get_weather", tools=tools) as stream:
        assert stream.get_final_response().output[0].arguments == '{"city":"text"}'


def check_azure():
    client = openai.AzureOpenAI(api_key="k", azure_endpoint=BASE, api_version="2024-10-21", max_retries=0)
    assert client.chat.completions.create(model="dep", messages=HI).model == "dep"
    odd = client.chat.completions.create(model="mock-empty-choices-first", messages=HI, stream=True)
    assert next(iter(odd)).choices == []


def check_anthropic():
    client = anthropic.Anthropic(api_key="k", base_url=BASE, max_retries=0)
    messages = client.messages
    answer = messages.create(model="c", max_tokens=100, system="s", messages=HI)
    assert answer.content[0].text == "You said: hi [system: s]" and answer.usage.input_tokens == 2
    tools = [{"name": "get_weather", "input_schema": SCHEMA}]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    with messages.stream(model="c", max_tokens=3000, thinking=thinking, messages=CALL, tools=tools) as stream:
        whole = stream.get_final_message()
    assert [b.type for b in whole.content] == ["thinking", "tool_use"] and whole.stop_reason == "tool_use"
    assert whole.content[1].input == {"city": "text"} and whole.content[0].signature
    assert messages.count_tokens(model="c", messages=HI).input_tokens == 1
    assert [m.id for m in client.models.list()] == ["mock-model"]
    error = fails(anthropic.APIStatusError, lambda: messages.create(model="mock-status-529", max_tokens=1, messages=HI))
    assert error.status_code == 529
    broken = messages.create(model="mock-error-event-3", max_tokens=9, messages=HI, stream=True)
    fails(anthropic.APIError, lambda: list(broken))


def check_gemini():
    client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=BASE))
    models = client.models  # which does not keep the client alive
    config = types.GenerateContentConfig(system_instruction="s", temperature=0.5)
    answer = models.generate_content(model="g", contents="hi", config=config)
    assert answer.text == "You said: hi [system: s]" and answer.usage_metadata.total_token_count == 7
    assert "".join(c.text or "" for c in models.generate_content_stream(model="g", contents="hi")) == "You said: hi"
    assert models.count_tokens(model="g", contents="hi there").total_tokens == 2
    assert len(models.embed_content(model="g", contents="hi").embeddings[0].values) == 64
    schema = types.Schema(type="OBJECT", properties={"city": types.Schema(type="STRING")})
    tool = types.Tool(function_declarations=[types.FunctionDeclaration(name="get_weather", parameters=schema)])
    config = types.GenerateContentConfig(tools=[tool])
    called = models.generate_content(model="g", contents="call get_weather", config=config)
    assert called.function_calls[0].args == {"city": "text"}
    limited = "mock-status-429;retry-after-2"
    error = fails(genai.errors.ClientError, lambda: models.generate_content(model=limited, contents="hi"))
    assert error.code == 429 and error.status == "RESOURCE_EXHAUSTED"


for check in (check_openai, check_responses, check_azure, check_anthropic, check_gemini):
    check()
    print(check.__name__, "ok")
