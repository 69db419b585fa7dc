import KernelABI

/// Codes of one head that stay as they are when its tensor is compressed again with a scale and a minimum that hardly
/// differ: nearly all of them do, and then what a code misses is linear in it, plus the low-rank part as it was.
///
/// Codes and errors are those of restoring and quantising all, up to rounding. A class, so that a run of tokens counts one
/// reference.
final class KeptCodes {
  private let old: GearTensor.Head
  private let codes: UniformCodes
  private let perUnit: Float
  /// An error is minimum + code * scale and the low-rank part; in units.
  private let shift: (scale: Float, minimum: Float)
  /// Beyond it, in units, another code is nearer.
  private let limit: Int16
  /// P of the low-rank part in single precision, and the same in units, [rank, headDim].
  private let p: AlignedBuffer<Float>
  private let unitP: AlignedBuffer<Float>
  private let kernels: KernelTable

  /// How far a code may move, in steps, so that few others take its place.
  private static var most: Float { 0.25 }
  /// The byte of what was an outlier.
  private static var left: UInt8 { 254 }

  /// `codes` hold the codes of `old` and are to hold those of the same tokens by their own quantiser. Nil if scale and
  /// minimum differ too much, and for codes of whole bytes, which leave no room for marks.
  ///
  /// - Parameter errorUnit: what errors are written in.
  init?(_ old: GearTensor.Head, _ codes: UniformCodes, errorUnit: Float, _ kernels: KernelTable) {
    let (from, to) = (old.codes.quantiser, codes.quantiser)
    guard old.codes.tokens > 0, codes.bits < 7, from.levels == to.levels, to.scale > 0, to.scale.isFinite,
      errorUnit > 0
    else { return nil }
    let (scale, minimum) = (from.scale - to.scale, from.minimum - to.minimum)
    let most = Self.most * to.scale
    guard abs(minimum) <= most, abs(minimum + to.levels * scale) <= most else { return nil }
    perUnit = 1 / errorUnit
    shift = (scale * perUnit, minimum * perUnit)
    limit = Int16(max(0, min(to.scale / 2 * perUnit, FixedRows.most)))
    p = AlignedBuffer(count: old.lowRank.p.count)
    unitP = AlignedBuffer(count: p.count)
    kernels.floatFromHalf(old.lowRank.p.base, p.count, p.base)
    for place in 0..<p.count { unitP.base[place] = p.base[place] * perUnit }
    self.old = old
    self.codes = codes
    self.kernels = kernels
  }

  /// Whether all tokens of a run are held.
  func holds(_ run: Range<Int>) -> Bool { run.upperBound <= old.codes.tokens }

  /// Changes the codes of a run, which holds no other tokens, of the tensor's `head`th head, and writes what they miss to
  /// errors [tokens of the run] that lie `columns` apart. The scratch's `outliers`, in order, are those from the run on.
  ///
  /// - Returns: how many of them are in the run; their codes are 0.
  func renew(
    _ run: Range<Int>, of head: Int, outliers: Range<Int>, _ scratch: PackingScratch,
    errors: UnsafeMutablePointer<Int16>, columns: Int
  ) -> Int {
    let headDim = codes.headDim
    let bytes = scratch.codes.base
    codes.unpack(run, bytes, kernels)
    scratch.oldOutliers.visit(head, run, headDim) { place, _ in bytes[place] = Self.left }
    let first = UInt32(truncatingIfNeeded: run.lowerBound * headDim)
    let end = UInt32(truncatingIfNeeded: run.upperBound * headDim)
    let places = scratch.places.base
    var next = outliers.lowerBound
    while next < outliers.upperBound, places[next] < end {
      let place = Int(places[next] &- first)
      if bytes[place] != 0, bytes[place] != Self.left { set(place, run, 0) }
      bytes[place] = CodedRun.exact
      next &+= 1
    }
    scratch.words.reserve(run.count * headDim)
    let beyond = scratch.words.base
    old.lowRank.withWideQ(run, kernels) { q in
      let coded = CodedRun(
        codes: bytes, numbers: p.base, tokens: run.count, headDim: headDim, scale: shift.scale, minimum: shift.minimum,
        levels: UInt8(truncatingIfNeeded: Int(codes.quantiser.levels)), q: q, p: unitP.base,
        rank: old.lowRank.rank)
      let count = kernels.corrections.restoreFixed(coded, limit, errors, columns, beyond)
      for index in 0..<count {
        let place = Int(beyond[index])
        guard bytes[place] != Self.left else { continue }
        quantise(place, run, old.codes.quantiser.restored(bytes[place]), q, errors, columns)
      }
      scratch.oldOutliers.visit(head, run, headDim) { place, number in
        if bytes[place] == Self.left { quantise(place, run, number, q, errors, columns) }
      }
    }
    return next - outliers.lowerBound
  }

  private func set(_ place: Int, _ run: Range<Int>, _ code: UInt8) {
    codes.set(run.lowerBound + place / codes.headDim, place % codes.headDim, code)
  }

  /// Stores the code of a number and its low-rank part, and what it misses; not a number has code 0 and error 0.
  private func quantise(
    _ place: Int, _ run: Range<Int>, _ number: Float, _ q: UnsafePointer<Float>,
    _ errors: UnsafeMutablePointer<Int16>, _ columns: Int
  ) {
    let headDim = codes.headDim
    let rank = old.lowRank.rank
    let (token, channel) = (place / headDim, place % headDim)
    var x = number
    for j in 0..<rank { x += p.base[j * headDim + channel] * q[(token / 16 * rank + j) * 16 + token % 16] }
    let code = codes.quantiser.code(x)
    codes.set(run.lowerBound + token, channel, code)
    let error = (x - codes.quantiser.restored(code)) * perUnit
    let most = FixedRows.most
    errors[token * columns + channel] =
      error.isNaN ? 0 : Int16(max(-most, min(most, error)).rounded(.toNearestOrEven))
  }
}
