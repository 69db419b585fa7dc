/// Which methods can run on the heads of one rank as they do on all.
enum RankedMethods {
  /// Why a method cannot be split by heads; nil if it can. What is not known to look at one head alone is refused.
  static func reasonAgainst(_ compressor: Compressor) -> String? {
    let slots = compressor.slots
    if slots.prompt != nil { return "what reaches the model is decided by a pass over the whole of it" }
    if slots.flow != nil { return "which tokens go on between layers is decided by the mean over all heads" }
    if slots.share != nil { return "layers are merged over all heads" }
    if slots.dispose != nil { return "tokens that leave are merged by what all heads have drawn" }
    if compressor.stages.contains(where: { $0.settings.values.values.contains(where: \.isBytes) }) {
      return "a budget in bytes would be each rank's own"
    }
    switch slots.keep {
    case nil, is SinksAndRecent, is HeavyHitters: break
    case let keep as ScoredTokens where keep.overHeads == .uniform && !keep.sharesSlots: break
    default: return "what a head keeps is decided with the other ranks' heads"
    }
    switch slots.codec {
    case nil, is GroupedCodec, is RotatedCodec, is SketchCodec: break
    default: return "it packs what it knows of all heads"
    }
    return nil
  }
}

extension ParameterValue {
  fileprivate var isBytes: Bool { if case .budget(.bytes) = self { true } else { false } }
}
