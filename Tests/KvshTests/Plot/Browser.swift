import Foundation

/// Headless Chromium, which `scripts/setup --tests` installs: what a reader of a page would see, and what its console says.
enum Browser {
  /// The program, or nil if there is none on the PATH.
  static let path: String? = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let names = ["chromium", "chromium-browser", "google-chrome"]
    return names.lazy.flatMap { name in folders.map { $0 + "/" + name } }.first { access($0, X_OK) == 0 }
  }()

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// A page after its scripts have run.
  struct Page {
    /// The document as HTML.
    let document: String
    /// Every message of the console, warnings included.
    let console: [String]

    /// The figures, each as HTML.
    var figures: [Figure] {
      document.components(separatedBy: "<figure").dropFirst().map { part in
        Figure(markup: part.components(separatedBy: "</figure>")[0])
      }
    }
  }

  struct Figure {
    let markup: String

    /// Whether Vega has drawn it.
    var isDrawn: Bool { markup.hasPrefix(" class=\"is-drawn\"") }

    /// How many shapes stand in the marks of a kind: `rect`, `line`, `rule`, `symbol`, `area`.
    func shapes(_ kind: String) -> Int {
      let groups = markup.components(separatedBy: "<g class=\"mark-\(kind) role-mark").dropFirst()
      return groups.reduce(0) { count, part in
        let group = part.components(separatedBy: "</g>")[0]
        return count + group.matches(of: /<(path|line|rect)\s/).count
      }
    }
  }

  /// Opens a file and waits until its scripts have nothing left to do.
  static func open(_ page: String) throws -> Page {
    guard let path else { throw Failure(description: "there is no Chromium: run scripts/setup --tests") }
    let folder = try TemporaryFolder()
    let files = [try folder.file("document", ""), try folder.file("messages", "")]
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    // The sandbox does not start for root, and the page is our own.
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
      "--user-data-dir=\(folder.path)/profile", "--enable-logging=stderr", "--virtual-time-budget=30000", "--dump-dom",
      URL(fileURLWithPath: page).absoluteString,
    ]
    process.standardOutput = FileHandle(forWritingAtPath: files[0])
    process.standardError = FileHandle(forWritingAtPath: files[1])
    try process.run()
    let deadline = Date(timeIntervalSinceNow: 180)
    while process.isRunning, Date() < deadline { usleep(20_000) }
    guard !process.isRunning else {
      process.terminate()
      throw Failure(description: "Chromium did not end within three minutes on \(page)")
    }
    let messages = String(decoding: try Data(contentsOf: URL(fileURLWithPath: files[1])), as: UTF8.self)
    return Page(
      document: String(decoding: try Data(contentsOf: URL(fileURLWithPath: files[0])), as: UTF8.self),
      console: messages.split(separator: "\n").filter { $0.contains(":CONSOLE") }.map(String.init))
  }
}
