/// How attention is computed and where its keys and values lie: the back end under every measure of speed (sheet engines).
public struct AttentionEngine: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// kvsh's own: prompts a tile of queries at a time, each row's scores complete before its softmax, so that sums over
    /// columns cost no second sweep; steps in parts of 512 keys merged by log-sum-exp.
    case fused
    /// Keys and values expanded to all query heads, scores of all rows written out, a pass over them for every operation.
    case eager
    /// FlashAttention-2: running maximum and sum over tiles of keys; no scores in memory.
    case flash
    /// PagedAttention: flash over pages of one pool, found through a table for each sequence and layer.
    case paged
  }

  /// How a new token gets behind the old ones.
  public enum Append: String, Hashable, Sendable, CaseIterable {
    case inPlace = "place"
    /// A new tensor of one more row, the old one copied into it, as the transformers library does.
    case copy
  }

  public let kind: Kind
  public let append: Append
  /// Keys of one tile; for `paged`, tokens of a page.
  public let tileTokens: Int
  /// Parts that heads and feed-forward columns are split into, each with its own threads and memory.
  public let ranks: Int

  /// What everything uses that does not say otherwise.
  public static let fused = AttentionEngine(unchecked: .fused)

  /// Keys of a tile that, with their values and the scores of a tile of queries, fit half a second-level cache.
  public static let defaultTileTokens = 64
  public static let defaultPageTokens = 16

  private init(
    unchecked kind: Kind, append: Append = .inPlace, tileTokens: Int = AttentionEngine.defaultTileTokens, ranks: Int = 1
  ) {
    self.kind = kind
    self.append = append
    self.tileTokens = tileTokens
    self.ranks = ranks
  }

  /// - Parameters:
  ///   - append: `copy` is eager's way, and may be asked of flash; nil for the kind's own.
  ///   - tileTokens: keys of flash's tiles or tokens of a page, a multiple of 16; nil for the kind's own.
  /// - Throws: `RuntimeProblem` K681 if the settings do not go together.
  public init(_ kind: Kind, append: Append? = nil, tileTokens: Int? = nil, ranks: Int = 1) throws {
    let own: Append = kind == .eager ? .copy : .inPlace
    if let append, append != own, kind != .flash {
      throw RuntimeProblem(
        "K681", seen: "engine=\(kind.rawValue) append=\(append.rawValue)",
        expected: kind == .eager
          ? "append=copy: an eager engine that appends in place would be another one"
          : "append=copy with engine=flash alone",
        suggestion: "leave append= out")
    }
    if let tileTokens {
      guard kind == .flash || kind == .paged else {
        throw RuntimeProblem(
          "K681", seen: "engine=\(kind.rawValue) with tiles of \(tileTokens) keys",
          expected: "page= with engine=paged, tile= with engine=flash", suggestion: "leave it out")
      }
      guard tileTokens % 16 == 0, (16...512).contains(tileTokens), 512 % tileTokens == 0 else {
        throw RuntimeProblem(
          "K681", seen: "\(kind == .paged ? "page" : "tile")=\(tileTokens)",
          expected: "16, 32, 64, 128, 256 or 512 tokens: blocks of 16 keys that divide the parts of a step")
      }
    }
    guard (1...64).contains(ranks) else {
      throw RuntimeProblem("K681", seen: "tp=\(ranks)", expected: "1 to 64 ranks")
    }
    self.init(
      unchecked: kind, append: append ?? own,
      tileTokens: tileTokens ?? (kind == .paged ? Self.defaultPageTokens : Self.defaultTileTokens), ranks: ranks)
  }

  /// The tile of keys that running sums go by; nil where a row's scores are complete before its softmax.
  var keyTile: Int? { kind == .flash || kind == .paged ? tileTokens : nil }

  /// Whether prompts go through in chunks; eager writes out the scores of all their rows at once.
  var chunksPrompts: Bool { kind != .eager }

  /// Short and exact: `flash`, `flash append=copy`, `paged page=64 tp=2`.
  public var label: String {
    var words = [kind.rawValue]
    if kind == .flash, append == .copy { words.append("append=copy") }
    if kind == .flash, tileTokens != Self.defaultTileTokens { words.append("tile=\(tileTokens)") }
    if kind == .paged, tileTokens != Self.defaultPageTokens { words.append("page=\(tileTokens)") }
    if ranks > 1 { words.append("tp=\(ranks)") }
    return words.joined(separator: " ")
  }

  /// Refuses a method that this engine cannot serve, rather than serving it with another.
  ///
  /// - Throws: `RuntimeProblem` K680.
  public func check(_ compressor: Compressor) throws {
    let slots = compressor.slots
    func refuse(_ reason: String, _ suggestion: String) -> RuntimeProblem {
      RuntimeProblem(
        "K680", seen: "\(compressor.label) on engine=\(label): \(reason)", expected: "an engine that can serve it",
        suggestion: suggestion)
    }
    if ranks > 1, let reason = RankedMethods.reasonAgainst(compressor) {
      throw refuse(reason, "leave tp= out")
    }
    let isPacked = slots.codec != nil || slots.share != nil
    switch kind {
    case .fused: break
    case .eager:
      if slots.select != nil {
        throw refuse(
          "it reads the whole cache at every step, so nothing can be selected", "use engine=flash or engine=fused")
      }
    case .flash:
      if isPacked, append == .copy {
        throw refuse(
          "append=copy copies exact keys and values, and a packed cache has its own format", "use append=place")
      }
      if isPacked, tileTokens % 32 != 0 {
        throw refuse("packed tokens lie in blocks of 32, which a tile of \(tileTokens) cuts", "use tile=32 or more")
      }
    case .paged:
      if isPacked {
        throw refuse("pages hold exact keys and values; a packed cache would need a second kind", "use engine=flash")
      }
    }
  }
}
