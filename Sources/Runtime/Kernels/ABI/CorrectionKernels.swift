/// The kernels of what corrects codes: outliers and low-rank parts, found, attended and added.
public struct CorrectionKernels: Sendable {
  public let collectOutside: CollectOutside
  public let collectCoded: CollectCoded
  public let restoreFixed: RestoreFixed
  public let orderKeys: OrderKeys
  public let orderStatistic: OrderStatistic
  public let countAtMost: CountAtMost
  public let keysBetween: KeysBetween
  public let chooseTails: ChooseTails
  public let extremes: Extremes
  public let projectRows: ProjectRows
  public let addProjections: AddProjections
  public let fixDirections: FixDirections
  public let projectFixed: ProjectFixed
  public let addFixed: AddFixed
  public let addLowRankRows: AddLowRankRows
  public let addLowRankScores: AddLowRankScores
  public let addLowRankValues: AddLowRankValues
  public let addOutlierScores: AddOutlierScores
  public let addOutlierValues: AddOutlierValues
  public let maskOutliers: MaskOutliers
  public let addMaskedScores: AddMaskedScores
  public let groupOutliers: GroupOutliers
  public let unfoldOutliers: UnfoldOutliers
  public let addGroupedValues: AddGroupedValues

  public init(
    collectOutside: @escaping CollectOutside, collectCoded: @escaping CollectCoded,
    restoreFixed: @escaping RestoreFixed, orderKeys: @escaping OrderKeys,
    orderStatistic: @escaping OrderStatistic, countAtMost: @escaping CountAtMost,
    keysBetween: @escaping KeysBetween, chooseTails: @escaping ChooseTails, extremes: @escaping Extremes,
    projectRows: @escaping ProjectRows, addProjections: @escaping AddProjections,
    fixDirections: @escaping FixDirections, projectFixed: @escaping ProjectFixed, addFixed: @escaping AddFixed,
    addLowRankRows: @escaping AddLowRankRows, addLowRankScores: @escaping AddLowRankScores,
    addLowRankValues: @escaping AddLowRankValues, addOutlierScores: @escaping AddOutlierScores,
    addOutlierValues: @escaping AddOutlierValues, maskOutliers: @escaping MaskOutliers,
    addMaskedScores: @escaping AddMaskedScores, groupOutliers: @escaping GroupOutliers,
    unfoldOutliers: @escaping UnfoldOutliers, addGroupedValues: @escaping AddGroupedValues
  ) {
    self.collectOutside = collectOutside
    self.collectCoded = collectCoded
    self.restoreFixed = restoreFixed
    self.orderKeys = orderKeys
    self.orderStatistic = orderStatistic
    self.countAtMost = countAtMost
    self.keysBetween = keysBetween
    self.chooseTails = chooseTails
    self.extremes = extremes
    self.projectRows = projectRows
    self.addProjections = addProjections
    self.fixDirections = fixDirections
    self.projectFixed = projectFixed
    self.addFixed = addFixed
    self.addLowRankRows = addLowRankRows
    self.addLowRankScores = addLowRankScores
    self.addLowRankValues = addLowRankValues
    self.addOutlierScores = addOutlierScores
    self.addOutlierValues = addOutlierValues
    self.maskOutliers = maskOutliers
    self.addMaskedScores = addMaskedScores
    self.groupOutliers = groupOutliers
    self.unfoldOutliers = unfoldOutliers
    self.addGroupedValues = addGroupedValues
  }

  /// Appends the numbers that are not between `low` and `high`, NaN among them, and their places counted from `place`;
  /// returns how many. The count is a multiple of 16; up to 16 elements behind the last one are overwritten.
  public typealias CollectOutside =
    @Sendable (
      _ x: UnsafePointer<Float>, _ count: Int, _ low: Float, _ high: Float, _ place: UInt32,
      _ values: UnsafeMutablePointer<Float>, _ places: UnsafeMutablePointer<UInt32>
    ) -> Int

  /// The same of a coded run, of which only outliers, the outermost codes and what is doubted are looked at; values and
  /// places have room for all of them and 16 more. Every set gives the same bits.
  public typealias CollectCoded =
    @Sendable (
      _ run: CodedRun, _ low: Float, _ high: Float, _ place: UInt32, _ values: UnsafeMutablePointer<Float>,
      _ places: UnsafeMutablePointer<UInt32>
    ) -> Int

  /// A coded run rounded to integers, code * scale + minimum and the low-rank part, 0 where a code is `exact`, token by
  /// token `stride` apart; its exact numbers are not read. Lists the places token * headDim + channel, in order, of what is
  /// beyond `limit` (at most `FixedRows.most`) to either side once it is rounded, or not a number; returns how many. There
  /// is no saying what is written there.
  public typealias RestoreFixed =
    @Sendable (
      _ run: CodedRun, _ limit: Int16, _ out: UnsafeMutablePointer<Int16>, _ stride: Int,
      _ places: UnsafeMutablePointer<UInt32>
    ) -> Int

  /// Numbers as unsigned integers in the same order, NaN beyond infinity on the side of its sign.
  public typealias OrderKeys =
    @Sendable (_ x: UnsafePointer<Float>, _ count: Int, _ keys: UnsafeMutablePointer<UInt32>) -> Void

  /// The key at place `rank` in ascending order; 0 <= rank < count. It is found sooner the closer it is to `near`.
  public typealias OrderStatistic =
    @Sendable (_ keys: UnsafePointer<UInt32>, _ count: Int, _ rank: Int, _ near: UInt32) -> UInt32

  /// How many keys are not above `limit`.
  public typealias CountAtMost = @Sendable (_ keys: UnsafePointer<UInt32>, _ count: Int, _ limit: UInt32) -> Int

  /// The smallest key above `low` and the largest below `high`; UInt32.max and 0 if there are none.
  public typealias KeysBetween =
    @Sendable (_ keys: UnsafePointer<UInt32>, _ count: Int, _ low: UInt32, _ high: UInt32) -> (
      first: UInt32, last: UInt32
    )

  /// Moves the values and places of keys below `low` or above `high` to `outValues` and `outPlaces`, which may be `values`
  /// and `places` or lie before them; returns how many. Of the keys that equal `low` the first `lowTies` are moved too, of
  /// those that equal `high` all but the first `highSkipped`; both counts go down as they are used.
  public typealias ChooseTails =
    @Sendable (
      _ keys: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>, _ places: UnsafePointer<UInt32>, _ count: Int,
      _ low: UInt32, _ high: UInt32, _ lowTies: UnsafeMutablePointer<Int>, _ highSkipped: UnsafeMutablePointer<Int>,
      _ outValues: UnsafeMutablePointer<Float>, _ outPlaces: UnsafeMutablePointer<UInt32>
    ) -> Int

  /// Lowers `low` and raises `high` to the extremes of x; NaN is left out.
  public typealias Extremes =
    @Sendable (
      _ x: UnsafePointer<Float>, _ count: Int, _ low: UnsafeMutablePointer<Float>,
      _ high: UnsafeMutablePointer<Float>
    ) -> Void

  /// q[j * qStride + row] = matrix row . p[j, :]; p [rank, columns], columns a multiple of 16.
  public typealias ProjectRows =
    @Sendable (
      _ matrix: MatrixRows, _ rows: Int, _ p: UnsafePointer<Float>, _ rank: Int, _ q: UnsafeMutablePointer<Float>,
      _ qStride: Int
    ) -> Void

  /// p[j, :] += sum over rows, in order, of q[j * qStride + row] * matrix row.
  public typealias AddProjections =
    @Sendable (
      _ matrix: MatrixRows, _ rows: Int, _ q: UnsafePointer<Float>, _ qStride: Int, _ rank: Int,
      _ p: UnsafeMutablePointer<Float>
    ) -> Void

  /// Directions p [rank, columns] for `projectFixed`, and the units of what it gives; not a number where a direction is none.
  public typealias FixDirections =
    @Sendable (
      _ p: UnsafePointer<Float>, _ rank: Int, _ rows: FixedRows, _ out: UnsafeMutablePointer<Int16>,
      _ units: UnsafeMutablePointer<Float>
    ) -> Void

  /// q[j * qStride + row] = units[j] * matrix row . directions[j, :]. Every set gives the same bits.
  public typealias ProjectFixed =
    @Sendable (
      _ matrix: FixedRows, _ rows: Int, _ directions: UnsafePointer<Int16>, _ units: UnsafePointer<Float>, _ rank: Int,
      _ q: UnsafeMutablePointer<Float>, _ qStride: Int
    ) -> Void

  /// p[j, :] += sum over rows of q[j * qStride + row] * matrix row, where q is rounded to parts of the largest of
  /// `FixedRows.blockRows` rows. Every set gives the same bits.
  public typealias AddFixed =
    @Sendable (
      _ matrix: FixedRows, _ rows: Int, _ q: UnsafePointer<Float>, _ qStride: Int, _ rank: Int,
      _ p: UnsafeMutablePointer<Float>
    ) -> Void

  /// rows[t, :] += sum over j, in order, of q[t / 16, j, t % 16] * p[j, :]. Every set gives the same bits.
  public typealias AddLowRankRows =
    @Sendable (
      _ q: UnsafePointer<Float>, _ p: UnsafePointer<Float>, _ rank: Int, _ headDim: Int, _ tokens: Int,
      _ rows: UnsafeMutablePointer<Float>
    ) -> Void

  /// out[row * outStride + token] += (query row P) . Q[token], whole blocks of 16 tokens, the first at out[0].
  public typealias AddLowRankScores =
    @Sendable (
      _ factors: LowRankFactors, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
      _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) -> Void

  /// acc[row, :] += (weights row Q) P^T over tokens that begin at a multiple of 16.
  public typealias AddLowRankValues =
    @Sendable (
      _ factors: LowRankFactors, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int,
      _ rows: Int, _ acc: UnsafeMutablePointer<Float>
    ) -> Void

  /// out[row * outStride + token] += query[row, channel] * number, outlier by outlier; `scratch` has
  /// `OutlierRun.scratchFloats`.
  public typealias AddOutlierScores =
    @Sendable (
      _ outliers: OutlierRun, _ queries: UnsafePointer<Float>, _ rows: Int, _ out: UnsafeMutablePointer<Float>,
      _ outStride: Int, _ scratch: UnsafeMutablePointer<Float>
    ) -> Void

  /// acc[row, channel] += weights[row * weightStride + token] * number; `scratch` has
  /// `OutlierRun.scratchFloats`.
  public typealias AddOutlierValues =
    @Sendable (
      _ outliers: OutlierRun, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
      _ acc: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
    ) -> Void

  /// Orders outliers, whose places token * headDim + channel ascend, as `OutlierMasks` says, for `blocks` blocks; returns
  /// how many entries there are. Up to 16 places and values behind the last are written; `scratch` has
  /// `OutlierMasks.scratchWords`.
  public typealias MaskOutliers =
    @Sendable (
      _ places: UnsafePointer<UInt32>, _ numbers: UnsafePointer<Float>, _ count: Int, _ headDim: Int, _ blocks: Int,
      _ outPlaces: UnsafeMutablePointer<UInt32>, _ outValues: UnsafeMutablePointer<UInt16>,
      _ entries: UnsafeMutablePointer<UInt32>, _ starts: UnsafeMutablePointer<UInt32>,
      _ scratch: UnsafeMutablePointer<UInt64>
    ) -> Int

  /// out[row * outStride + token] += query[row, channel] * (number - offset), whole blocks of 16 tokens, the first at
  /// out[0].
  public typealias AddMaskedScores =
    @Sendable (
      _ outliers: OutlierMasks, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
      _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) -> Void

  /// Orders outliers, whose places token * headDim + channel ascend, as `OutlierGroups` says, for `runs` runs; returns how
  /// many places there are with the fillers. Up to 16 behind the last are written; `scratch` has a number a channel.
  public typealias GroupOutliers =
    @Sendable (
      _ places: UnsafePointer<UInt32>, _ values: UnsafePointer<UInt16>, _ count: Int, _ headDim: Int, _ runs: Int,
      _ filler: UInt16, _ outPlaces: UnsafeMutablePointer<UInt32>, _ outValues: UnsafeMutablePointer<UInt16>,
      _ starts: UnsafeMutablePointer<UInt32>, _ scratch: UnsafeMutablePointer<UInt32>
    ) -> Int

  /// The outliers of each of up to four `parts` of a run, one part behind the other, those that equal the filler left out;
  /// and where each part and the one behind the last begin. There is room for all of them and one more.
  public typealias UnfoldOutliers =
    @Sendable (
      _ groups: OutlierGroups, _ runs: Int, _ parts: Int, _ filler: UInt16,
      _ outPlaces: UnsafeMutablePointer<UInt32>, _ outValues: UnsafeMutablePointer<UInt16>,
      _ outStarts: UnsafeMutablePointer<UInt32>
    ) -> Void

  /// acc[row, channel] += weights[row * weightStride + token] * (number - offset) over any range of tokens; `scratch` has
  /// `OutlierGroups.scratchFloats`.
  public typealias AddGroupedValues =
    @Sendable (
      _ outliers: OutlierGroups, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int,
      _ rows: Int, _ acc: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
    ) -> Void
}

/// The low-rank part Q P^T of one head in half precision.
public struct LowRankFactors: BitwiseCopyable {
  public let q: UnsafePointer<UInt16>  // [token block, rank, 16]
  public let p: UnsafePointer<UInt16>  // [rank, headDim]
  public let rank: Int
  public let headDim: Int

  public init(q: UnsafePointer<UInt16>, p: UnsafePointer<UInt16>, rank: Int, headDim: Int) {
    self.q = q
    self.p = p
    self.rank = rank
    self.headDim = headDim
  }
}

/// Outliers of one head's tokens, in the order of their places firstPlace + token * headDim + channel.
public struct OutlierRun: BitwiseCopyable {
  /// Tokens of one run at most.
  public static let mostTokens = 512
  /// Floats of scratch that attending a run takes.
  public static func scratchFloats(headDim: Int) -> Int { 16 * headDim + 4 * mostTokens }

  public let places: UnsafePointer<UInt32>  // [count]
  /// Less what the codes say of their places.
  public let numbers: UnsafePointer<Float>  // [count]
  public let count: Int
  /// Tokens of the run, with outliers or without.
  public let tokens: Int
  /// Place of the first token's first channel.
  public let firstPlace: UInt32
  public let headDim: Int

  public init(
    places: UnsafePointer<UInt32>, numbers: UnsafePointer<Float>, count: Int, tokens: Int, firstPlace: UInt32,
    headDim: Int
  ) {
    self.places = places
    self.numbers = numbers
    self.count = count
    self.tokens = tokens
    self.firstPlace = firstPlace
    self.headDim = headDim
  }
}
