// The official Node SDKs through the gateway. Usage: node check.mjs http://HOST:PORT
import assert from "node:assert/strict";

import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";

import ai from "./ai.mjs";

const base = process.argv[2];
const apiKey = "tester-key";
const messages = [{ role: "user", content: "Hello!" }];
const openai = (path, key = apiKey) => new OpenAI({ baseURL: base + path, apiKey: key, maxRetries: 0 });

const checks = {
  async openaiChatOnEveryBaseUrl() {
    for (const path of ["/v1", "/openai/v1", "/devteam-chatgpt/v1"]) {
      const answer = await openai(path).chat.completions.create({ model: "gpt-4", messages });
      assert.match(answer.choices[0].message.content, /Hello!/);
      assert.match(answer._request_id, /^req-/);
      const stream = await openai(path).chat.completions.create({ model: "gpt-4", messages, stream: true });
      let text = "";
      for await (const chunk of stream) text += chunk.choices[0].delta.content ?? "";
      assert.match(text, /Hello!/);
    }
  },
  async openaiErrorsAreTheSdksOwn() {
    await assert.rejects(openai("/v1").chat.completions.create({ model: "nope", messages }), OpenAI.NotFoundError);
    await assert.rejects(openai("/v1", "wrong").chat.completions.create({ model: "gpt-4", messages }), OpenAI.AuthenticationError);
  },
  async openaiEmbeddingsAndModels() {
    const vectors = await openai("/v1").embeddings.create({ model: "text-embedding-3-small", input: "a" });
    assert.ok(vectors.data[0].embedding.length > 0);
    const ids = [];
    for await (const model of openai("/v1").models.list()) ids.push(model.id);
    assert.ok(ids.includes("gpt-4"));
  },
  async anthropicMessages() {
    for (const baseURL of [base, `${base}/anthropic`]) {
      const client = new Anthropic({ baseURL, apiKey, maxRetries: 0 });
      const answer = await client.messages.create({ model: "claude-sonnet-5", max_tokens: 64, messages });
      assert.match(answer.content[0].text, /Hello!/);
      const stream = client.messages.stream({ model: "claude-sonnet-5", max_tokens: 64, messages });
      assert.match(await stream.finalText(), /Hello!/);
    }
  },
  async geminiGenerates() {
    const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: base } });
    const answer = await client.models.generateContent({ model: "gemini-2.5-flash", contents: "Hello!" });
    assert.match(answer.text, /Hello!/);
    let text = "";
    for await (const chunk of await client.models.generateContentStream({ model: "gemini-2.5-flash", contents: "Hello!" })) text += chunk.text ?? "";
    assert.match(text, /Hello!/);
  },
  async everySdkReachesEveryProvider() {
    const anthropic = new Anthropic({ baseURL: base, apiKey, maxRetries: 0 });
    const google = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: base } });
    for (const model of ["gpt-4", "claude-sonnet-5", "gemini-2.5-flash", "nova-lite", "command-a"]) {
      const runner = openai("/v1").chat.completions.stream({ model, messages, stream: true });
      assert.equal(await runner.finalContent(), "You said: Hello!");
      const responses = openai("/v1").responses.stream({ model, input: "Hello!" });
      assert.equal((await responses.finalResponse()).output_text, "You said: Hello!");
      const stream = anthropic.messages.stream({ model, max_tokens: 64, messages });
      assert.equal(await stream.finalText(), "You said: Hello!");
      let text = "";
      for await (const chunk of await google.models.generateContentStream({ model, contents: "Hello!" })) text += chunk.text ?? "";
      assert.equal(text, "You said: Hello!");
      const cut = { headers: { "x-mock-fault": "chunks=9;cut=3" } };
      await assert.rejects(openai("/v1").chat.completions.stream({ model, messages, stream: true }, cut).finalContent());
      await assert.rejects(anthropic.messages.stream({ model, max_tokens: 64, messages }, cut).finalText());
    }
  },
};

let failed = 0;
Object.assign(checks, ai(base, apiKey));
for (const [name, run] of Object.entries(checks)) {
  try {
    await run();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${error?.stack ?? error}`);
  }
}
console.log(`node: ${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
