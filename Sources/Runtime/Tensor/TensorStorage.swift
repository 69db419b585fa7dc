import Synchronization

/// Where the numbers of a tensor lie.
enum TensorStorage: Sendable {
  case floats(AlignedBuffer<Float>)
  /// A byte a number instead of four: comparisons of large tensors take as long as their memory.
  case truths(TruthStorage)
}

/// Numbers that are all 0 or 1, a byte each; as floats too once somebody has asked for floats.
final class TruthStorage: Sendable {
  let bytes: AlignedBuffer<UInt8>
  private let widened = AtomicLazyReference<AlignedBuffer<Float>>()

  /// - Parameter bytes: 0 and 1, never written again.
  init(_ bytes: AlignedBuffer<UInt8>) { self.bytes = bytes }

  /// The floats if they are there already.
  var madeFloats: AlignedBuffer<Float>? { widened.load() }

  /// The floats, made by the calling thread if they are not there yet.
  var floats: AlignedBuffer<Float> {
    if let made = madeFloats { return made }
    let floats = AlignedBuffer<Float>(count: bytes.count, hugePages: true)
    let (source, target) = (bytes.base, floats.base)
    for place in 0..<bytes.count { target[place] = Float(source[place]) }
    return keep(floats)
  }

  /// Keeps the floats unless another thread was first, whose are the same.
  func keep(_ floats: AlignedBuffer<Float>) -> AlignedBuffer<Float> { widened.storeIfNil(floats) }
}
