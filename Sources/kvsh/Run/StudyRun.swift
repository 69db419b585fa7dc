import Foundation
import Lang
import Runtime

/// Runs configurations over samples, keeping each row as it finishes; what the store has is not run again.
struct StudyRun {
  let loaded: LoadedModel
  let store: Store
  let workbench: Workbench
  let options: RunOptions
  let arms: [StudyArm]
  let samples: [PreparedSample]
  let chat: Bool
  /// What the line runs, for the store.
  var record: RunRecord?

  /// Rows so far, and whether the user ended the run early.
  struct Outcome {
    var rows: [[Store.RowKey: StoredRow]]  // one dictionary a configuration
    var wasCancelled = false
    var reused = 0
  }

  private func specification(_ arm: StudyArm, _ place: Int, model: String) -> RunSpecification {
    let sample = samples[place]
    return RunSpecification(
      model: model, precision: loaded.model.precision.rawValue, kernels: loaded.kernels,
      compressor: arm.compressor(of: place).specification, chat: sample.chat, maxTokens: sample.maxTokens,
      ignoresEnd: sample.ignoresEnd,
      temperature: arm.sampling.temperature, topP: arm.sampling.topP, topK: arm.sampling.topK,
      seed: arm.sampling.seed, attention: options.attention == .fused ? nil : options.attention.label)
  }

  /// - Parameter line: what was typed, for `history`.
  func run(line text: String) throws -> Outcome {
    let digest = try loaded.digest(store)
    var outcome = Outcome(rows: [])
    // Samples may have lengths of their own, so a configuration may have several specifications.
    var hashes: [[Int: String]] = []
    for arm in arms {
      var stored: [Store.RowKey: StoredRow] = [:]
      var own: [Int: String] = [:]
      var known: [String: [Store.RowKey: StoredRow]] = [:]
      for (index, sample) in samples.enumerated() {
        let hash = specification(arm, index, model: digest).hash
        own[index] = hash
        if known[hash] == nil { known[hash] = workbench.recomputes ? [:] : try store.rows(spec: hash) }
        let key = key(sample)
        if let row = known[hash]?[key] { stored[key] = row }
      }
      outcome.reused += stored.count
      outcome.rows.append(stored)
      hashes.append(own)
    }
    let total = arms.count * samples.count
    var done = outcome.reused
    let known = arms.indices.flatMap { place in
      samples.indices.compactMap { index in
        outcome.rows[place][key(samples[index])].map { row in
          var linked = Store.LineRow(row: row, choice: arms[place].choice(of: index)?.label)
          linked.row.config = arms[place].label
          return (place: place * samples.count + index, row: linked)
        }
      }
    }
    // A repeated run leaves no trace: what it is compared with must stay.
    let line =
      try workbench.recomputes
      ? nil : store.begin(line: text, rows: known, total: total, parent: workbench.typedLine, record: record)
    // A length predictor that is trained on the rows reads them.
    if line != nil { try store.keepPrompts(samples.map { ($0.promptHash, $0.request.prompt) }) }
    let start = ContinuousClock.now
    func report(_ note: String) {
      workbench.progress.update(ProgressState(label: "run", done: done, total: total, note: note))
    }
    defer { workbench.progress.finish() }
    // Blocks of samples through every configuration, so that a run that is ended early has pairs to compare.
    let block = max(16, options.batch * 4)
    do {
      for start in stride(from: 0, to: samples.count, by: block) {
        let part = start..<min(samples.count, start + block)
        for (place, arm) in arms.enumerated() {
          func keep(_ row: StoredRow, _ index: Int) throws {
            var labelled = row
            labelled.config = arm.label
            if let line {
              try store.save(
                row, line: line, place: place * samples.count + index, as: arm.label,
                choice: arm.choice(of: index)?.label)
            }
            outcome.rows[place][key(samples[index])] = labelled
            done += 1
            report(arm.label)
          }
          // What a configuration has just answered is not asked again because it was chosen.
          for index in part where outcome.rows[place][key(samples[index])] == nil && arm.choices != nil {
            let twin = arms.indices.first { hashes[$0][index] == hashes[place][index] && arms[$0].choices == nil }
            if var row = twin.flatMap({ outcome.rows[$0][key(samples[index])] }) {
              row.config = arm.compressor(of: index).label
              try keep(row, index)
            }
          }
          let missing = part.filter { outcome.rows[place][key(samples[$0])] == nil }
          for (_, missing) in Dictionary(grouping: missing, by: { arm.compressor(of: $0).specification }).sorted(
            by: { $0.key < $1.key })
          {
            report(arm.label)
            let compressor = arm.compressor(of: missing[0])
            let byName = Dictionary(missing.map { (samples[$0].request.id, $0) }) { first, _ in first }
            try loaded.engine.run(
              missing.map {
                GenerationRequest(
                  sample: samples[$0].request.id, prompt: samples[$0].ids, text: samples[$0].text,
                  maxTokens: samples[$0].maxTokens, ignoresEnd: samples[$0].ignoresEnd)
              }, compressor: compressor, sampling: arm.sampling, batch: options.batch,
              attention: options.attention, cancellation: workbench.cancellation,
              onToken: { _, _ in report(arm.label) },
              onFinish: { generation in
                guard let index = byName[generation.sample], let hash = hashes[place][index] else { return }
                try keep(
                  row(generation, samples[index], arm.choices == nil ? arm.label : compressor.label, compressor, hash),
                  index)
              })
          }
        }
      }
    } catch is CancellationError {
      outcome.wasCancelled = true
    } catch {
      // A line without an end is one that still runs; what went wrong comes before what the store may say to this.
      try? end(line, "failed", since: start)
      throw error
    }
    try end(line, outcome.wasCancelled ? "interrupted" : "done", since: start)
    return outcome
  }

  private func end(_ line: Int64?, _ status: String, since start: ContinuousClock.Instant) throws {
    guard let line else { return }
    try store.end(line: line, seconds: (ContinuousClock.now - start) / .seconds(1), status: status)
  }

  func key(_ sample: PreparedSample) -> Store.RowKey {
    Store.RowKey(sample: sample.request.id, prompt: sample.promptHash)
  }

  private func row(
    _ generation: Generation, _ sample: PreparedSample, _ label: String, _ compressor: Compressor, _ hash: String
  ) -> StoredRow {
    StoredRow(
      spec: hash, sample: sample.request.id, prompt: sample.promptHash, config: label,
      storage: compressor.storage.rawValue, promptTokens: generation.promptTokens,
      keptTokens: generation.keptTokens, outputTokens: generation.tokens.count, finish: generation.finish.rawValue,
      text: loaded.tokenizer.decode(generation.tokens, skipSpecial: true), truncated: sample.truncated,
      ttftMs: generation.firstTokenSeconds * 1000, tbotMs: generation.betweenTokensSeconds.map { $0 * 1000 },
      e2eMs: generation.totalSeconds * 1000, batch: options.batch, cacheBytes: generation.cacheBytes.held,
      cacheBytesPeak: generation.peakCacheBytes, payloadBytes: generation.cacheBytes.payload,
      scaleBytes: generation.cacheBytes.scales, metadataBytes: generation.cacheBytes.metadata,
      exactTailBytes: generation.cacheBytes.exactTail, correctionBytes: generation.cacheBytes.corrections,
      slackBytes: generation.cacheBytes.slack, readBytes: generation.readBytesPerStep,
      modelMs: generation.phases.model * 1000, attentionMs: generation.phases.attention * 1000,
      scoreMs: generation.phases.score * 1000, selectMs: generation.phases.select * 1000,
      packMs: generation.phases.pack * 1000)
  }
}
