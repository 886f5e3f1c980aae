using Registry.Interop.Tests.Containers;
using Registry.Interop.Tests.Docker;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Packages;

/// <summary>The first push of docs/install.md, unchanged except for the port.</summary>
public sealed class FirstPushTests(DockerEngine docker, ContainersHome home, RegistryUnderTest registry)
    : IClassFixture<DockerEngine>, IClassFixture<ContainersHome>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task Docker_makes_the_first_push() => PushAsync("docker", docker.Docker, docker.Folder);

    [Fact]
    public Task Podman_makes_the_first_push() => PushAsync("podman", home.Podman, home.Folder);

    [Fact]
    public async Task Skopeo_makes_the_first_push()
    {
        Command skopeo = home.Skopeo;
        var sample = SampleImage.Runnable();
        sample.Layout.Write(home.Folder.Folder("myimage"), sample.Top, "latest");

        foreach (string[] call in InstallGuide.Calls("First push", "skopeo"))
        {
            _ = await skopeo.RunAsync([.. call.Select(argument => argument
                .Replace("oci:myimage", $"oci:{home.Folder.Path}/myimage", StringComparison.Ordinal)
                .Replace("oci:pulled", $"oci:{home.Folder.Folder("pulled")}", StringComparison.Ordinal)
                .Replace("localhost:15000/myimage", $"{registry.HostPort}/first/skopeo", StringComparison.Ordinal))]);
        }

        await sample.AssertHeldAsync(registry.Http, "first/skopeo", "latest");
        sample.AssertHeldIn(home.Folder.Folder("pulled"));
    }

    private async Task PushAsync(string engine, Command client, TemporaryFolder folder)
    {
        string repository = $"first/{engine}";
        string archive = folder.File("myimage.tar");
        await File.WriteAllBytesAsync(archive, TarArchive.Of(("payload", TarArchive.RandomPayload())), Cancellation);
        _ = await client.RunAsync("import", archive, "myimage:latest");

        foreach (string[] call in InstallGuide.Calls("First push", engine, ("localhost:15000/myimage", $"{registry.HostPort}/{repository}")))
        {
            _ = await client.RunAsync(call);
        }

        Assert.Single((await registry.Http.ReadImageAsync(repository, "latest", Cancellation)).Layers);
    }
}
