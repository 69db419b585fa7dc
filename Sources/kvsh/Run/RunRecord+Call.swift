import Foundation
import Runtime

extension RunRecord {
  /// What a run of configurations on the model in use is made of.
  ///
  /// - Throws: as `LoadedModel.digest`.
  init(run: String, _ configurations: [Compressor], _ loaded: LoadedModel, _ store: Store) throws {
    let stages = configurations.filter { !$0.stages.isEmpty }
    var policies: [String] = []
    for text in stages.flatMap(\.stages).compactMap(\.card.text) where !policies.contains(text) {
      policies.append(text)
    }
    self.init(
      kvsh: Version.kvsh, commit: BuildCommit.current, program: FileDigest.program(store: store),
      machine: MachineDescription.current, model: loaded.model.name,
      modelPath: loaded.path, modelDigest: try loaded.digest(store), precision: loaded.model.precision.rawValue,
      kernels: loaded.kernels,
      threads: loaded.engine.threads, folder: FileManager.default.currentDirectoryPath, run: run,
      configurations: stages.map(Self.line), policies: policies)
  }

  /// A configuration as one would type it.
  private static func line(_ compressor: Compressor) -> String {
    compressor.label.components(separatedBy: " | ").map { "compress \($0)" }.joined(separator: " | ")
  }
}
