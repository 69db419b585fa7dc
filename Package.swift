// swift-tools-version: 6.1
import PackageDescription

/// One kernel source, compiled once per instruction set; the runtime picks one at start.
func kernels(_ variant: String, _ march: [String]) -> Target {
  .target(
    name: "Kernels\(variant)", dependencies: ["CIntrinsics", "KernelABI"],
    path: "Sources/Runtime/Kernels/\(variant)",
    swiftSettings: [
      .define("KERNELS_\(variant.uppercased())"), .unsafeFlags(["-Ounchecked"] + march.flatMap { ["-Xcc", $0] }),
    ])
}

#if arch(x86_64)
  let variants = [
    kernels("V4", ["-march=x86-64-v4", "-mavx512vnni"]),
    kernels("V3", ["-march=x86-64-v3"]),
    kernels("Base", []),
  ]
#else
  let variants = [kernels("Base", [])]
#endif

/// `KVSH_RUNTIME_ONLY=1` leaves the shell and its dependencies out (builds with a sanitizer are for the runtime alone),
/// `KVSH_LANG_ONLY=1` everything but the language (builds with the fuzzer are).
let isRuntimeOnly = Context.environment["KVSH_RUNTIME_ONLY"] == "1"
let isLangOnly = Context.environment["KVSH_LANG_ONLY"] == "1"
let isPart = isRuntimeOnly || isLangOnly

let runtime: [Target] =
  variants + [
    .target(name: "CIntrinsics"),
    .target(
      name: "CLapack",
      linkerSettings: [
        .linkedLibrary("lapack", .when(platforms: [.linux])),
        .linkedFramework("Accelerate", .when(platforms: [.macOS])),
      ]),
    .target(name: "KernelABI", path: "Sources/Runtime/Kernels/ABI"),
    .target(
      name: "Runtime",
      dependencies: variants.map { .init(stringLiteral: $0.name) } + [
        "CIntrinsics", "CLapack", "KernelABI",
      ],
      exclude: ["Kernels"], resources: [.copy("Datasets/Resources")]),
    .target(name: "CCounts", path: "Tests/CCounts"),
    .testTarget(name: "RuntimeTests", dependencies: ["CCounts", "Runtime"]),
  ]

let language: [Target] = [
  .target(name: "Lang"),
  .testTarget(name: "LangTests", dependencies: ["Lang"]),
]

/// For scripts/bench-language alone; not a product.
let languageBench: [Target] = [
  .executableTarget(name: "lang-bench", dependencies: ["Lang"], path: "Sources/LangBench")
]

let shell: [Target] = [
  .target(name: "CEdit", linkerSettings: [.linkedLibrary("edit")]),
  .executableTarget(
    name: "kvsh",
    dependencies: [
      "CEdit", "Lang", "Runtime", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      .product(name: "Crypto", package: "swift-crypto"), .product(name: "GRDB", package: "GRDB.swift"),
    ]),
  // For scripts/bench alone; not a product.
  .executableTarget(
    name: "kvsh-bench",
    dependencies: variants.map { .init(stringLiteral: $0.name) } + ["CIntrinsics", "KernelABI"],
    path: "Sources/Bench"),
  .testTarget(name: "KvshTests", dependencies: ["kvsh", "Lang", "Runtime"]),
]

let package = Package(
  name: "kvsh",
  platforms: [.macOS(.v15)],
  products: isPart ? [] : [.executable(name: "kvsh", targets: ["kvsh"])],
  dependencies: isPart
    ? []
    : [
      .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
      .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
      .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
  targets: isLangOnly ? language + languageBench : isRuntimeOnly ? runtime : runtime + language + shell,
  swiftLanguageModes: [.v6])
