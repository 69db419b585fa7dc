/// By whose definition tokens a second are counted. Source: the sheet `throughput`.
public enum ThroughputStyle: String, CaseIterable, Sendable {
  /// The second paper's engine runs: every forward timed alone, the fastest and the slowest left out.
  case paper
  /// The second paper's TRL runs: whole calls with one new token and with many.
  case trl
  /// vLLM's server benchmark: requests sent at one moment, tokens over the time until the last is done.
  case vllm
  /// llama-bench: the mean of the repetitions' rates.
  case llamaBench = "llama_bench"
}
