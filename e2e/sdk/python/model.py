"""The official Python SDKs through the gateway to a real, small model. Usage: model.py http://HOST:PORT

Its server speaks OpenAI's chat and Anthropic's Messages, so each SDK gets there untranslated and translated.
"""

from functools import partial

import anthropic
import openai
from google import genai
from google.genai import types as genai_types

from harness import BASE, KEY, add, run

QUESTION = "Say hello."
MODELS = ["smollm2", "smollm2-messages"]


def chat(model):
    c = openai.OpenAI(base_url=BASE + "/v1", api_key=KEY, max_retries=0)
    asked = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 24, "temperature": 0}
    answer = c.chat.completions.create(**asked)
    assert answer.usage.prompt_tokens > 0 and answer.choices[0].finish_reason in ("stop", "length"), answer
    chunks = list(c.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].usage.completion_tokens > 0, chunks[-1]
    yield answer.choices[0].message.content
    yield "".join(x.choices[0].delta.content or "" for x in chunks if x.choices)


def responses(model):
    c = openai.OpenAI(base_url=BASE + "/v1", api_key=KEY, max_retries=0)
    asked = {"model": model, "input": QUESTION, "max_output_tokens": 24, "temperature": 0, "store": False}
    answer = c.responses.create(**asked)
    assert answer.usage.output_tokens > 0, answer
    with c.responses.stream(**asked) as stream:
        kinds = [event.type for event in stream]
    assert kinds[0] == "response.created" and kinds[-1] in ("response.completed", "response.incomplete"), kinds
    assert "response.output_text.delta" in kinds, kinds
    yield answer.output_text


def messages(model):
    c = anthropic.Anthropic(base_url=BASE, api_key=KEY, max_retries=0)
    asked = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 24,
             "extra_body": {"temperature": 0}}
    answer = c.messages.create(**asked)
    assert answer.stop_reason in ("end_turn", "max_tokens") and answer.usage.input_tokens > 0, answer
    with c.messages.stream(**asked) as stream:
        final = stream.get_final_message()
    assert final.stop_reason in ("end_turn", "max_tokens") and final.usage.output_tokens > 0, final
    yield answer.content[0].text
    yield final.content[0].text


def gemini(model):
    c = genai.Client(api_key=KEY, http_options=genai_types.HttpOptions(base_url=BASE))
    config = genai_types.GenerateContentConfig(max_output_tokens=24, temperature=0)
    answer = c.models.generate_content(model=model, contents=QUESTION, config=config)
    assert answer.usage_metadata.candidates_token_count > 0, answer
    chunks = list(c.models.generate_content_stream(model=model, contents=QUESTION, config=config))
    assert chunks[-1].candidates[0].finish_reason.name in ("STOP", "MAX_TOKENS"), chunks[-1]
    yield answer.text
    yield "".join(x.text or "" for x in chunks)


def same(sdk, model):
    said = {text.strip() for text in sdk(model)}
    # With temperature 0 the model says one thing, by whichever way it is asked.
    assert len(said) == 1 and said != {""}, said
    return said.pop()


for name in MODELS:
    for asks in (chat, responses, messages, gemini):
        add(f"{asks.__name__} to {name}", partial(same, asks, name))
run("real model")
