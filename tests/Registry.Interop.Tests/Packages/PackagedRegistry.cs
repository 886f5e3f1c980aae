using System.Formats.Tar;
using System.Runtime.InteropServices;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Packages;

/// <summary>
/// The registry as packaged by docs/install.md, published once for all tests that need it: the single file, and its image in the registry under test.
/// The libraries of this machine replace Microsoft's base image. All builds of the documents share their intermediate files, so that each library is
/// compiled once.
/// </summary>
public sealed class PackagedRegistry : IDisposable
{
    /// <summary>The repository of the image in the registry under test.</summary>
    public const string Repository = "registry";

    /// <summary>Label with the URL of the source.</summary>
    public const string SourceUrl = "https://example.com/registry";

    /// <summary>The label of the licence.</summary>
    public const string License = "LicenseRef-Tests";

    private const string BaseRepository = "packages/base";

    // What the program is linked with, and what .NET opens when it first needs it.
    private static readonly string[] Libraries = ["libc.so.6", "libm.so.6", "libssl.so.3", "libcrypto.so.3"];

    private readonly TemporaryFolder _folder = new("packages");
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turn = new(1);
    private Task? _published;

    /// <summary>Folder with only the published files.</summary>
    public string Output => _folder.Folder("out");

    /// <summary>Path of the single file.</summary>
    public string Program => Path.Combine(Output, "registry");

    internal static string RuntimeIdentifier => $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

    public void Dispose()
    {
        _turn.Dispose();
        _folder.Dispose();
    }

    internal Task PublishAsync(RegistryUnderTest registry)
    {
        lock (_gate)
        {
            return _published ??= PublishOnceAsync(registry);
        }
    }

    /// <summary>Publishes for another architecture.</summary>
    /// <returns>The folder with the published files.</returns>
    internal async Task<string> PublishForAsync(string runtimeIdentifier)
    {
        string output = _folder.Folder($"out-{runtimeIdentifier}");
        await BuildAsync(Dotnet(), Arguments(runtimeIdentifier, output));
        return output;
    }

    /// <summary>Runs a command of a document that builds the registry, after the one that runs.</summary>
    /// <param name="dotnet">The SDK.</param>
    /// <param name="arguments">Those of the document.</param>
    internal async Task BuildAsync(Command dotnet, params string[] arguments)
    {
        await _turn.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            // The intermediate files are apart from those of the build that these tests belong to. Every library contains the URL, so all builds have the same.
            _ = await dotnet.RunAsync([
                .. arguments, "--artifacts-path", _folder.Folder("artifacts"), "-p:RunAnalyzers=false", $"-p:RepositoryUrl={SourceUrl}"]);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task PublishOnceAsync(RegistryUnderTest registry)
    {
        Requires.Program("gcc", "gcc zlib1g-dev");
        var layout = new OciLayoutBuilder();
        string architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        OciDescriptor image = layout.AddImage([layout.AddGzipLayer(BaseFileSystem())], architecture);
        await registry.Http.PushImageAsync(layout, image, BaseRepository, "1", TestContext.Current.CancellationToken);

        Command dotnet = Dotnet();
        dotnet.Environment["DOTNET_CONTAINER_INSECURE_REGISTRIES"] = registry.HostPort;
        // Both commands in one, since compiling takes a minute.
        string[] container = Assert.Single(InstallGuide.Calls("Container", "dotnet", ("registry.example.com", registry.HostPort)));
        await BuildAsync(dotnet, [
            .. Arguments(RuntimeIdentifier, Output),
            .. container.Where(argument => argument.StartsWith("-t:", StringComparison.Ordinal) || argument.StartsWith("-p:", StringComparison.Ordinal)),
            $"-p:ContainerBaseImage={registry.HostPort}/{BaseRepository}:1",
            $"-p:PackageLicenseExpression={License}"]);
    }

    // The guide's command.
    private static string[] Arguments(string runtimeIdentifier, string output) =>
        Assert.Single(InstallGuide.Calls(
            "One file", "dotnet", ("src/", SourceTree.Locate("src/")), ("linux-x64", runtimeIdentifier), ("-o out", "-o " + output)));

    /// <summary>The SDK. It restores from the package source that the machine is configured for.</summary>
    internal static Command Dotnet()
    {
        var dotnet = new Command(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", "dotnet-sdk-10.0, or https://dot.net")
        {
            Deadline = TimeSpan.FromMinutes(15),
            Environment =
            {
                ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
                // The servers that would stay behind for the next build.
                ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
                ["MSBUILDDISABLENODEREUSE"] = "1",
                ["UseSharedCompilation"] = "false",
            },
        };
        foreach (string name in (ReadOnlySpan<string>)["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"])
        {
            dotnet.Environment[name] = Environment.GetEnvironmentVariable(name);
        }
        return dotnet;
    }

    private static byte[] BaseFileSystem()
    {
        bool isArm = RuntimeInformation.OSArchitecture == Architecture.Arm64;
        string loader = isArm ? "lib/ld-linux-aarch64.so.1" : "lib64/ld-linux-x86-64.so.2";
        string folder = isArm ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
        var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            // Docker 20.10 gives folders that a layer does not name to root alone.
            foreach (string parent in (string[])[Path.GetDirectoryName(loader)!, "lib", $"lib/{folder}"])
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.Directory, parent + "/") { Mode = (UnixFileMode)0b111_101_101 });
            }
            AddProgram(writer, loader, "/" + loader);
            foreach (string library in Libraries)
            {
                AddProgram(writer, $"lib/{folder}/{library}", $"/usr/lib/{folder}/{library}");
            }
            writer.WriteEntry(new UstarTarEntry(TarEntryType.Directory, "tmp/") { Mode = (UnixFileMode)0b001_111_111_111 });
        }
        return stream.ToArray();
    }

    private static void AddProgram(TarWriter writer, string name, string file)
    {
        Assert.SkipUnless(File.Exists(file), $"{file} is missing: apt-get install libssl3");
        writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
        {
            DataStream = new MemoryStream(File.ReadAllBytes(file)),
            Mode = (UnixFileMode)0b111_101_101,
        });
    }
}
