/// The sizes of a model that a pass works with, without what would be counted.
struct PassSizes: BitwiseCopyable {
  let hidden: Int
  let feedForward: Int
  let queryHeads: Int
  let kvHeads: Int
  let headDim: Int
  let vocabulary: Int
  let normEpsilon: Float

  init(_ configuration: ModelConfiguration) {
    (hidden, feedForward) = (configuration.hidden, configuration.feedForward)
    (queryHeads, kvHeads, headDim) = (configuration.queryHeads, configuration.kvHeads, configuration.headDim)
    (vocabulary, normEpsilon) = (configuration.vocabulary, configuration.normEpsilon)
  }

  var queryWidth: Int { queryHeads * headDim }
  var kvWidth: Int { kvHeads * headDim }
}
