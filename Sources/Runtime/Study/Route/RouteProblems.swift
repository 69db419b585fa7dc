/// The problems of the router and of the throughput predictor, codes K630 to K649, and of `serve-study`, K690 and K691.
public enum RouteProblems {
  /// A row of `help K63x`.
  public struct Entry: Sendable, Equatable {
    public let code: String
    public let title: String
    public let explanation: String
  }

  public static let all: [Entry] = [
    Entry(
      code: "K630", title: "a setting of a simulation is out of range",
      explanation: "The message names the setting, the value it was given and the values it takes."),
    Entry(
      code: "K631", title: "no published throughput in the folder",
      explanation:
        "The router and the throughput predictor read the measurements that the second paper's artifact publishes: a "
        + "clone of its repository, or a folder with profiling/attention-NAME.csv, profiling/mlp.csv and "
        + "throughput/llama-7b-NAME.csv, as examples/profile has them of a made-up machine."),
    Entry(
      code: "K632", title: "a file of measurements is damaged",
      explanation:
        "Profiles are comma-separated values with a header. The message names the file, the row and the cell."),
    Entry(
      code: "K633", title: "nothing was measured of a configuration",
      explanation:
        "A source of throughput knows the configurations that were measured and no others: the published one KIVI and GEAR "
        + "with 4 bits, H2O and StreamingLLM with 512 tokens, and FP16."),
    Entry(
      code: "K634", title: "a prediction far outside the profile",
      explanation:
        "Up to twice the largest profiled batch or length a prediction is given with a wide interval; beyond, it would be "
        + "a guess. Profile that far, or ask for less."),
    Entry(
      code: "K635", title: "a routing policy gave no number",
      explanation:
        "A policy gives a cost for a request at a server, and the server with the least cost is chosen. NaN, infinity and "
        + "what is not a number cannot be compared."),
    Entry(
      code: "K638", title: "too few points were held out",
      explanation:
        "The interval of a prediction is read off the errors at measured points that had no part in the profile; one of "
        + "90 % needs nine of them."),
    Entry(
      code: "K640", title: "a grid that makes no profile",
      explanation:
        "A profile needs batches of at least one request and lengths beyond the largest batch: a layer's operators are "
        + "told apart by new tokens alone, of prompts and of requests that decode together."),
    Entry(
      code: "K641", title: "a profile that cannot be read",
      explanation:
        "Profiles that another version wrote, or that are damaged, are not guessed at. Measure anew: `profile`."
    ),
    Entry(
      code: "K690", title: "two ways to say how often requests arrive",
      explanation: "`serve-study` takes rate=, arrivals a second, or load=, a share of what the servers can finish."),
    Entry(
      code: "K691", title: "servers without a capacity",
      explanation:
        "load= is a share of what the servers finish a second by the times that they have measured of themselves; where "
        + "those are 0 only rate= can say how often requests arrive."),
  ]

  static func setting(_ seen: String, _ expected: String, suggestion: String? = nil) -> RuntimeProblem {
    RuntimeProblem("K630", seen: seen, expected: expected, suggestion: suggestion)
  }

  static func grid(_ seen: String) -> RuntimeProblem {
    RuntimeProblem(
      "K640", seen: seen, expected: "at least one batch and one length, each length greater than the largest batch")
  }

  public static func profile(_ seen: String) -> RuntimeProblem {
    RuntimeProblem("K641", seen: seen, expected: "one that this version made", suggestion: "measure it anew: profile")
  }

  static func damaged(_ seen: String, _ expected: String) -> RuntimeProblem {
    RuntimeProblem("K632", seen: seen, expected: expected)
  }

  static func cost(_ policy: String, _ value: Double, _ candidate: RouteCandidate) -> RuntimeProblem {
    RuntimeProblem(
      "K635",
      seen: "the policy `\(policy)` gives request \(candidate.request) at server \(candidate.server) the cost \(value)",
      expected: "a finite number; the server with the least one is chosen")
  }
}
