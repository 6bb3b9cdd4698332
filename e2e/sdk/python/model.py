"""The official Python SDKs through the gateway to a real, small model. Usage: model.py http://HOST:PORT

Its server speaks OpenAI's chat and Anthropic's Messages, so each SDK gets there untranslated and translated.
"""

import sys

import anthropic
import openai
from google import genai
from google.genai import types as genai_types

BASE, KEY = sys.argv[1], "tester-key"
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


def main():
    passed = failed = 0
    for model in MODELS:
        for sdk in (chat, responses, messages, gemini):
            try:
                said = list(sdk(model))
                # With temperature 0 the model says one thing, by whichever way it is asked.
                assert all(text.strip() for text in said) and len({text.strip() for text in said}) == 1, said
                print(f"ok   {sdk.__name__} to {model}: {said[0]!r}")
                passed += 1
            except Exception as error:  # each is told of, whatever went wrong
                print(f"FAIL {sdk.__name__} to {model}: {type(error).__name__}: {error}")
                failed += 1
    print(f"real model: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
