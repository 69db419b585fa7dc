import CIntrinsics
import KernelABI

/// The kernels of this target, compiled for its instruction set.
public enum Kernels {
  /// The level the kernels were compiled for, in the numbering of `kv_compiled_level`.
  public static let level = Int(kv_compiled_level())

  #if KERNELS_V4
    static let name = "v4"
  #elseif KERNELS_V3
    static let name = "v3"
  #else
    static let name = "base"
  #endif

  public static let table = KernelTable(
    name: name, quantiseRows: quantiseRows, multiplyPacked: multiplyPacked, multiplyFloat: multiplyFloat,
    normaliseRootMeanSquare: normaliseRootMeanSquare, gate: gate, add: add, addScaled: addScaled, scale: scale,
    keyScores: keyScores,
    accumulateValues: accumulateValues, packedKeyScores: packedKeyScores,
    accumulatePackedValues: accumulatePackedValues, maximum: maximum, exponentiate: exponentiate,
    halfFromFloat: halfFromFloat, floatFromHalf: floatFromHalf, packing: packing,
    corrections: corrections, tensors: tensors, lanes: lanes)

  private static let tensors = TensorKernels(
    unary: tensorUnary, binary: tensorBinary, compare: tensorCompare, select: tensorSelect, fold: tensorFold,
    widen: tensorWiden, countTruths: tensorCountTruths, roundToCodes: tensorRoundToCodes)

  private static let packing = PackingKernels(
    packKeys: packKeys, unpackKeys: unpackKeys, packValues: packValues, unpackValues: unpackValues,
    restoreUniform: restoreUniform, quantiseUniform: quantiseUniform, keyRows: keyRows)

  private static let corrections = CorrectionKernels(
    collectOutside: collectOutside, collectCoded: collectCoded, restoreFixed: restoreFixed, orderKeys: orderKeys,
    orderStatistic: orderStatistic, countAtMost: countAtMost, keysBetween: keysBetween, chooseTails: chooseTails,
    extremes: extremes, projectRows: projectRows, addProjections: addProjections, fixDirections: fixDirections,
    projectFixed: projectFixed, addFixed: addFixed, addLowRankRows: addLowRankRows, addLowRankScores: addLowRankScores,
    addLowRankValues: addLowRankValues, addOutlierScores: addOutlierScores, addOutlierValues: addOutlierValues,
    maskOutliers: maskOutliers, addMaskedScores: addMaskedScores, groupOutliers: groupOutliers,
    unfoldOutliers: unfoldOutliers, addGroupedValues: addGroupedValues)

  private static let lanes = LaneKernels(
    hadamard: hadamard, tokenKeyScores: tokenKeyScores, accumulateTokenValues: accumulateTokenValues,
    sketchScores: sketchScores, bookKeyScores: bookKeyScores)
}
