/// The profile and the measurements that the second paper's artifact publishes: LLaMA-2-7B on one A6000, LMDeploy.
///
/// A folder with `profiling/attention-NAME.csv`, `profiling/mlp.csv` and `throughput/llama-7b-NAME.csv`. Source: sheet
/// throughput-predictor.
public struct PublishedProfile: Sendable {
  /// One configuration of the artifact.
  public struct Configuration: Sendable, Equatable {
    /// The name in the files.
    public let name: String
    /// The name of the method here.
    public let method: String
    /// Tokens it keeps at most.
    public let cacheLimitTokens: Int?
    /// Bytes of a cached token, over those of FP16.
    public let byteShare: Double
    /// Settings of the method that were measured, as they are written.
    public let measured: [String]
  }

  /// The five configurations, the uncompressed one first.
  public static let configurations = [
    Configuration(name: "fp16", method: "none", cacheLimitTokens: nil, byteShare: 1, measured: []),
    Configuration(name: "kivi", method: "kivi", cacheLimitTokens: nil, byteShare: 0.3, measured: ["bits=4"]),
    Configuration(name: "gear", method: "gear", cacheLimitTokens: nil, byteShare: 0.3, measured: ["bits=4"]),
    Configuration(name: "h2o", method: "h2o", cacheLimitTokens: 512, byteShare: 1, measured: ["budget=512"]),
    Configuration(
      name: "stream", method: "streamingllm", cacheLimitTokens: 512, byteShare: 1, measured: ["budget=512"]),
  ]

  /// The model whose rows count.
  public static let model = "meta-llama-Llama-2-7b-hf"
  public static let layers = 32
  /// Keys and values of one token in FP16: 2 x 32 layers x 4096 x 2 bytes.
  public static let bytesPerToken = 524_288.0

  public let folder: String

  /// - Throws: K631 if the folder does not hold the published files.
  public init(folder: String) throws {
    self.folder = folder
    for part in ["profiling/mlp.csv", "throughput/llama-7b-fp16.csv"] where !Self.exists(folder + "/" + part) {
      throw RuntimeProblem(
        "K631", seen: "\(folder) has no \(part)",
        expected: "a folder with profiling/*.csv and throughput/*.csv of the second paper's artifact")
    }
  }

  private static func exists(_ path: String) -> Bool { (try? MappedFile(path: path)) != nil }

  /// The configuration of a name, here or in the files.
  ///
  /// - Throws: K633 if nothing was published of it.
  public static func configuration(_ name: String) throws -> Configuration {
    guard let found = configurations.first(where: { $0.name == name || $0.method == name }) else {
      throw RuntimeProblem(
        "K633", seen: "there is no published throughput of `\(name)`",
        expected: "one of " + configurations.map(\.name).joined(separator: ", "))
    }
    return found
  }

  /// The operator times of one layer.
  ///
  /// - Throws: K201, K632.
  public func layerProfile(_ configuration: Configuration) throws -> LayerProfile {
    let rest = try CSVColumns(path: folder + "/profiling/mlp.csv")
    let tokens = try rest.counts("num_tokens")
    let operators = try LayerOperator.allCases.map { each in
      let times = try rest.numbers("time_stats.\(each.rawValue).median")
      return zip(tokens, times).compactMap { tokens, time in
        time.map { LayerProfile.TokenTime(tokens: tokens, milliseconds: $0) }
      }
    }
    let attention = try CSVColumns(path: folder + "/profiling/attention-\(configuration.name).csv")
    let (batches, chunks) = (try attention.counts("batch_size"), try attention.counts("prefill_chunk_size"))
    let cached = try attention.counts("kv_cache_size")
    let decodes = try attention.numbers("time_stats.attn_decode.median")
    let prefills = try attention.numbers("time_stats.attn_prefill.median")
    func points(_ times: [Double?], _ takes: (Int) -> Bool) -> [LayerProfile.Point] {
      times.enumerated().compactMap { row, time in
        guard takes(chunks[row]), let time else { return nil }
        return .init(batch: batches[row], chunk: chunks[row], cached: cached[row], milliseconds: time)
      }
    }
    let profile = LayerProfile(
      layers: Self.layers, operators: operators, decode: points(decodes) { $0 == 0 },
      prefill: points(prefills) { $0 > 0 })
    guard !profile.decode.isEmpty, !profile.prefill.isEmpty, !tokens.isEmpty else {
      throw RouteProblems.damaged("\(attention.name) lacks rows of a stage", "decode and prefill rows")
    }
    return profile
  }

  /// The measured throughput, of all models the file has.
  ///
  /// - Throws: K201, K632.
  public func throughput(_ configuration: Configuration) throws -> MeasuredThroughput {
    try MeasuredThroughput(path: folder + "/throughput/llama-7b-\(configuration.name).csv")
  }

  /// Service times of a server for the router, out of the measured throughput.
  ///
  /// - Throws: K201, K632.
  public func serviceTimes(_ configuration: Configuration) throws -> MeasuredServiceTimes {
    try MeasuredServiceTimes(
      throughput(configuration).of(model: Self.model), bytesPerToken: Self.bytesPerToken * configuration.byteShare,
      cacheLimitTokens: configuration.cacheLimitTokens)
  }
}
