import Foundation

/// Finds Vega's JavaScript under `$KVSH_HOME/vega`, where `scripts/setup` puts it, for pages that are saved.
struct VegaLibrary {
  static let fileName = "vega.js"

  let home: String

  private var path: String { home + "/vega/" + Self.fileName }

  /// How figures are shown on a page that is saved now.
  func figures() -> HTMLFigures {
    guard let data = FileManager.default.contents(atPath: path) else {
      return still("Vega's script is not in \(home)/vega")
    }
    guard let text = String(data: data, encoding: .utf8), let script = VegaScript(text) else {
      return still("\(path) is not Vega's script: remove it")
    }
    return .drawn(script)
  }

  private func still(_ seen: String) -> HTMLFigures {
    .still(
      reason: "Still pictures only, without zoom and without values at the pointer: \(seen). `scripts/setup` fetches "
        + "it; then save the page again.")
  }
}
