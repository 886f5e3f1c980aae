using System.Formats.Tar;
using System.Text.RegularExpressions;
using Registry.Interop.Tests.OptionalClients;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Mirroring;

/// <summary>BuildKit by itself, as <c>docker buildx create</c> starts it, builds on images that come through a mirror.</summary>
[Collection(nameof(MirroredRegistries))]
public sealed partial class MirrorBuildKitTests(MirroredRegistries registries) : IDisposable
{
    private const string Package = "BuildKit of the Moby project";

    private readonly TemporaryFolder _folder = new("buildkit");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [OptionalClientFact("buildkitd")]
    public async Task Buildkitd_builds_on_images_of_two_registries_by_the_mirrors_of_its_buildkitd_toml()
    {
        registries.Require();
        Requires.Root("buildkitd");
        string name = $"m{Guid.NewGuid():n}";
        await registries.PushAsync(SampleImage.MultiArchitecture(), MirroredRegistries.Hub, $"library/{name}", "1");
        await registries.PushAsync(SampleImage.Runnable(), MirroredRegistries.Service, $"team/{name}", "1");
        string service = MirroredRegistries.NamespaceOf(MirroredRegistries.Service);
        await File.WriteAllTextAsync(
            _folder.File("Dockerfile"), $"FROM {name}:1 AS first\nRUN cp /architecture /built\nFROM {service}/team/{name}:1\nCOPY --from=first /built /built\n", Cancellation);
        await using BackgroundProcess buildkitd = await StartAsync(service);
        string archive = _folder.File("built.tar");

        _ = await new Command("buildctl", Package, "--addr", Socket).RunAsync(
            "build", "--frontend", "dockerfile.v0", "--local", $"context={_folder.Path}", "--local", $"dockerfile={_folder.Path}", "--output", $"type=tar,dest={archive}");

        await TarFile.ExtractToDirectoryAsync(archive, _folder.Folder("built"), overwriteFiles: true, Cancellation);
        Assert.Equal("amd64", await File.ReadAllTextAsync(_folder.File("built", "built"), Cancellation));
        _ = await buildkitd.TerminateAsync(Patience.Limit, Cancellation);
    }

    private string Socket => $"unix://{_folder.Path}/socket";

    // The registries themselves are out of reach: only the mirror can answer.
    private async Task<BackgroundProcess> StartAsync(string service)
    {
        string configuration = _folder.File("buildkitd.toml");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            root = "{_folder.Folder("root")}"

            [grpc]
              address = ["{Socket}"]

            [worker.containerd]
              enabled = false

            [worker.oci]
              binary = "runc"
              snapshotter = "native"
              networkMode = "host"

            [registry."docker.io"]
              mirrors = ["{registries.HostPort}/{MirroredRegistries.Hub}"]

            [registry."{service}"]
              mirrors = ["{registries.HostPort}/{MirroredRegistries.Service}"]

            [registry."{registries.HostPort}"]
              http = true
            """,
            Cancellation);
        BackgroundProcess buildkitd = new Command("buildkitd", Package).Start("--config", configuration);
        _ = await buildkitd.WaitForLineAsync(RunningLine, Patience.Limit, Cancellation);
        return buildkitd;
    }

    [GeneratedRegex("running server on ")]
    private static partial Regex RunningLine { get; }
}
