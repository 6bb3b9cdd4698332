// The official Node SDKs through the gateway. Usage: node check.mjs http://HOST:PORT
import assert from "node:assert/strict";

import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";

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
};

let failed = 0;
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
