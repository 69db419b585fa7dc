/// A source of requests: one file that conforms, one line in `Datasets.all`.
///
///     let found = try Datasets.find("sharegpt", home: home)
///     let loaded = try found.load(["n": .int(10)], countTokens: { tokenizer.encode($0).count })
public protocol Dataset: Sendable {
  /// Name, parameters and provenance.
  var card: DatasetCard { get }
  /// Throws a `RuntimeProblem` unless the file at `path` can be read as this data set; `data add` calls it.
  /// - Returns: how many usable records the file has.
  /// - Throws: K407 by default: a data set that is generated reads no file.
  func validate(path: String) throws -> Int
  /// Chooses the requests; `arguments` have been checked against the card.
  func load(_ arguments: DatasetArguments, from source: DatasetSource) throws -> DatasetLoad
}

extension Dataset {
  public func validate(path: String) throws -> Int { throw DatasetProblems.readsNoFile(card.name) }
}

/// What a data set may use while it loads.
public struct DatasetSource {
  /// File registered under the name in use, if any.
  public var registeredPath: String?
  /// `$KVSH_HOME`; nil only in tests.
  public var home: String?
  /// Number of token ids of a text, special tokens of the tokenizer included.
  public var countTokens: (String) throws -> Int
  /// The model's context; nil if no model is in use.
  public var contextTokens: Int?
  /// The text of the first and last halves of so many token ids, special tokens dropped; nil if it has no more.
  public var cutMiddle: (String, Int) throws -> String?

  public init(
    registeredPath: String? = nil, home: String? = nil, contextTokens: Int? = nil,
    cutMiddle: @escaping (String, Int) throws -> String? = { _, _ in nil },
    countTokens: @escaping (String) throws -> Int
  ) {
    self.registeredPath = registeredPath
    self.home = home
    self.contextTokens = contextTokens
    self.cutMiddle = cutMiddle
    self.countTokens = countTokens
  }
}

/// Requests of one load, and what there is to say about them.
public struct DatasetLoad: Sendable, Equatable {
  public var requests: [Request]
  /// The `n` that was asked for; nil when everything was.
  public var asked: Int?
  /// How many distinct requests passed the filter, never more than `asked`.
  public var available: Int
  /// Absolute path of the file that was read; empty if the requests were generated.
  public var path: String
  /// True when the sample that comes with kvsh was read, not a file of the user.
  public var isBundledSample: Bool
  /// Counts worth a line under the table: skipped records, rejections by reason.
  public var counts: [Count]

  public init(
    requests: [Request], asked: Int?, available: Int, path: String, isBundledSample: Bool = false, counts: [Count] = []
  ) {
    self.requests = requests
    self.asked = asked
    self.available = available
    self.path = path
    self.isBundledSample = isBundledSample
    self.counts = counts
  }

  /// "n=1000 asked, 996 available", or nil when there is enough.
  public var shortfall: String? {
    guard let asked, available < asked else { return nil }
    let repeated = requests.count - available
    return "n=\(asked) asked, \(available) available" + (repeated > 0 ? ", \(repeated) repeated" : "")
  }

  public struct Count: Sendable, Equatable {
    public var what: String
    public var count: Int

    public init(_ what: String, _ count: Int) {
      self.what = what
      self.count = count
    }
  }
}
