// Vercel's AI SDK through the gateway, by each of its providers.
import assert from "node:assert/strict";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const EVERYBODY = ["gpt-4", "claude-sonnet-5", "gemini-2.5-flash", "nova-lite", "command-a"];

// The base URLs are those of the SDK's own defaults: each with its version.
function models(base, apiKey, model) {
  const openai = createOpenAI({ baseURL: `${base}/v1`, apiKey });
  return {
    chat: openai.chat(model),
    responses: openai.responses(model),
    anthropic: createAnthropic({ baseURL: `${base}/v1`, apiKey })(model),
    google: createGoogleGenerativeAI({ baseURL: `${base}/v1beta`, apiKey })(model),
  };
}

const each = async (base, apiKey, f) => {
  for (const name of EVERYBODY) {
    for (const [kind, model] of Object.entries(models(base, apiKey, name))) {
      try {
        await f(model);
      } catch (error) {
        throw new Error(`${kind} to ${name}: ${error?.stack ?? error}`, { cause: error });
      }
    }
  }
};

const getWeather = tool({
  description: "Weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});

export default (base, apiKey) => ({
  async aiGeneratesAndStreams() {
    await each(base, apiKey, async (model) => {
      const answer = await generateText({ model, prompt: "Hello!", maxRetries: 0 });
      assert.equal(answer.text, "You said: Hello!");
      assert.equal(answer.usage.outputTokens, 3);
      const stream = streamText({ model, prompt: "Hello!", maxRetries: 0, onError: ({ error }) => { throw error; } });
      let text = "";
      for await (const piece of stream.textStream) text += piece;
      assert.equal(text, "You said: Hello!");
      assert.equal(await stream.finishReason, "stop");
    });
  },
  async aiCallsTools() {
    // What OpenAI would keep, no other provider has.
    const providerOptions = { openai: { store: false } };
    await each(base, apiKey, async (model) => {
      const asked = { model, prompt: "use getWeather", tools: { getWeather }, stopWhen: stepCountIs(3), maxRetries: 0, providerOptions };
      const answer = await generateText(asked);
      assert.equal(answer.steps.length, 2, JSON.stringify(answer.steps));
      assert.match(answer.text, /sunny in text/);
      const stream = streamText(asked);
      let text = "";
      for await (const piece of stream.textStream) text += piece;
      assert.match(text, /sunny in text/);
    });
  },
  async aiAnswersAreStructured() {
    await each(base, apiKey, async (model) => {
      const output = Output.object({ schema: z.object({ city: z.string(), degrees: z.number() }) });
      const answer = await generateText({ model, prompt: "Weather?", output, maxRetries: 0 });
      assert.equal(typeof answer.output.city, "string");
    });
  },
  async aiSeesACutStream() {
    await each(base, apiKey, async (model) => {
      const errors = [];
      const headers = { "x-mock-fault": "chunks=9;cut=3" };
      const stream = streamText({ model, prompt: "Hello!", headers, maxRetries: 0, onError: ({ error }) => errors.push(error) });
      await stream.consumeStream();
      assert.ok(errors.length > 0, "a cut stream ended cleanly");
    });
  },
});
