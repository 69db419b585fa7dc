#!/usr/bin/env python3
"""llama.cpp on the same file, for scripts/bench: reads arms from standard input, answers each with a line of JSON.

    llamacpp.py MODEL.gguf THREADS        arms: "prefill TOKENS", "decode DEPTH SEQUENCES"; "REPEATS" follows each

A cache that decode needs is filled when its arm is first asked for and kept: the steps of a round are removed again.
Times are those of the model alone, the logits of every step included: no tokenizing, no sampling.
"""
import json
import statistics
import sys
import time

import llama_cpp as L

STEPS = 32
UNTIMED_STEPS = 2
ROWS = 512


def context(model, tokens, sequences, threads):
    p = L.llama_context_default_params()
    p.n_ctx, p.n_batch, p.n_ubatch, p.n_seq_max = tokens, ROWS, ROWS, sequences
    p.n_threads = p.n_threads_batch = threads
    p.type_k = p.type_v = L.GGML_TYPE_F16
    p.flash_attn_type = 1
    p.kv_unified = True
    return L.llama_init_from_model(model, p)


class Peer:
    def __init__(self, path, threads):
        L.llama_backend_init()
        self.model = L.llama_model_load_from_file(path.encode(), L.llama_model_default_params())
        if not self.model:
            raise SystemExit(f"{path} cannot be loaded")
        self.threads = threads
        self.batch = L.llama_batch_init(ROWS, 0, 1)
        self.contexts = {}
        vocabulary = L.llama_vocab_n_tokens(L.llama_model_get_vocab(self.model))
        self.tokens = [(i * 2654435761 + 12345) % (2**32) % vocabulary for i in range(8192)]

    def submit(self, ctx, rows):
        """rows: (token, position, sequence, wants logits)"""
        b = self.batch
        b.n_tokens = len(rows)
        for i, (token, position, sequence, wants) in enumerate(rows):
            b.token[i], b.pos[i], b.n_seq_id[i], b.logits[i] = token, position, 1, wants
            b.seq_id[i][0] = sequence
        if L.llama_decode(ctx, b) != 0:
            raise SystemExit("llama_decode failed")

    def fill(self, ctx, count, sequence):
        for start in range(0, count, ROWS):
            part = self.tokens[start:min(count, start + ROWS)]
            self.submit(ctx, [(t, start + i, sequence, start + i == count - 1) for i, t in enumerate(part)])

    def prefill(self, count):
        ctx = self.contexts.get("prefill")
        if ctx is None:
            ctx = self.contexts["prefill"] = context(self.model, 4096, 1, self.threads)
            self.fill(ctx, count, 0)
        L.llama_memory_clear(L.llama_get_memory(ctx), True)
        start = time.perf_counter()
        self.fill(ctx, count, 0)
        return count / (time.perf_counter() - start)

    def decode(self, depth, sequences):
        held = max(1, depth)
        ctx = self.contexts.get((depth, sequences))
        if ctx is None:
            room = sequences * (held + STEPS + UNTIMED_STEPS + 8)
            ctx = self.contexts[depth, sequences] = context(self.model, room, sequences, self.threads)
            for k in range(sequences):
                self.fill(ctx, held, k)
        memory = L.llama_get_memory(ctx)
        for k in range(sequences):
            L.llama_memory_seq_rm(memory, k, held, -1)
        for i in range(UNTIMED_STEPS + STEPS):
            if i == UNTIMED_STEPS:
                start = time.perf_counter()
            self.submit(ctx, [(self.tokens[i], held + i, k, True) for k in range(sequences)])
        return sequences * STEPS / (time.perf_counter() - start)

    def answer(self, words):
        what, numbers = words[0], [int(w) for w in words[1:]]
        work = {"prefill": self.prefill, "decode": self.decode}[what]
        return statistics.median(work(*numbers[:-1]) for _ in range(numbers[-1]))


def main():
    path, threads = sys.argv[1], int(sys.argv[2])
    peer = Peer(path, threads)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"tok_s": peer.answer(line.split())}), flush=True)


main()
