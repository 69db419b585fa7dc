/// Bytes of a cache by what they hold.
///
/// Counted from the elements in use, not from the allocation; `slack` is what layouts pad a group or block with.
public struct ByteCount: Equatable, Sendable {
  /// Codes of packed tokens, or the elements of a full cache without a codec.
  public var payload = 0
  /// Scales and minima of packed groups.
  public var scales = 0
  /// Positions, indices, scores and waiting hidden states that the method needs to keep going.
  public var metadata = 0
  /// Tokens a codec holds back in full precision (residual windows, stream buffers).
  public var exactTail = 0
  /// Outlier values and low-rank factors.
  public var corrections = 0
  /// Padding of blocks that are not full.
  public var slack = 0

  public init() {}

  /// Everything but padding: what the sheets' formulas count.
  public var counted: Int { payload + scales + metadata + exactTail + corrections }
  public var held: Int { counted + slack }
  /// What attention reads in one step.
  public var read: Int { payload + scales + exactTail + corrections }

  public static func + (a: ByteCount, b: ByteCount) -> ByteCount {
    var sum = a
    sum.payload += b.payload
    sum.scales += b.scales
    sum.metadata += b.metadata
    sum.exactTail += b.exactTail
    sum.corrections += b.corrections
    sum.slack += b.slack
    return sum
  }

  public static func += (a: inout ByteCount, b: ByteCount) { a = a + b }
}
