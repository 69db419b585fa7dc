import Lang
import Runtime

extension FoundDataset {
  /// The requests that a call's arguments choose, for the tokenizer and the context of the model in use.
  func load(_ call: Call, _ loaded: LoadedModel) throws -> DatasetLoad {
    try load(DatasetCall.values(call, for: dataset.card), loaded)
  }

  /// The requests that these arguments choose.
  func load(_ values: [String: DatasetValue], _ loaded: LoadedModel) throws -> DatasetLoad {
    try load(
      values, contextTokens: loaded.model.configuration.contextTokens,
      cutMiddle: { text, limit in
        let ids = loaded.rawIds(text)
        guard ids.count > limit else { return nil }
        let kept = MiddleTruncation.keptRanges(count: ids.count, limit: limit)
        return loaded.tokenizer.decode(Array(ids[kept.head]), skipSpecial: true)
          + loaded.tokenizer.decode(Array(ids[kept.tail]), skipSpecial: true)
      }, countTokens: { loaded.rawIds($0).count })
  }
}
