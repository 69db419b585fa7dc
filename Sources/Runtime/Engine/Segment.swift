/// Tokens of one sequence that go through the model together: a chunk of its prompt, or its next token.
public struct Segment {
  public let cache: SequenceCache
  /// A chunk of the prompt; empty for a decode step, which makes no array.
  private let chunk: [Int32]
  private let next: Int32
  /// Position of the first token.
  public let position: Int
  /// Nil for a decode step; for a chunk of the prompt, whether it is the last.
  public let endsPrefill: Bool?

  public var isStep: Bool { endsPrefill == nil }
  public var count: Int { isStep ? 1 : chunk.count }

  public func token(_ index: Int) -> Int32 { isStep ? next : chunk[index] }

  /// The same tokens of another rank's cache.
  func moved(to cache: SequenceCache) -> Segment {
    Segment(cache: cache, chunk: chunk, next: next, position: position, endsPrefill: endsPrefill)
  }

  /// A chunk of a prompt.
  public static func prompt(_ tokens: [Int32], of cache: SequenceCache, isLast: Bool) -> Segment {
    Segment(cache: cache, chunk: tokens, next: 0, position: cache.seenTokens, endsPrefill: isLast)
  }

  /// The next token of a sequence whose prompt is complete.
  public static func step(_ token: Int32, of cache: SequenceCache) -> Segment {
    Segment(cache: cache, chunk: [], next: token, position: cache.seenTokens, endsPrefill: nil)
  }
}
