using Registry.Interop.Tests.Containers;
using Registry.Interop.Tests.Docker;
using Registry.Interop.Tests.OptionalClients;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Policies;

/// <summary>Clients say why a rule refuses a push, in one sentence that names the rule.</summary>
[Collection(nameof(DockerEngine))]
public sealed class RefusedPushTests(DockerEngine engine, ContainersHome home, RuledRegistry registry) : IClassFixture<ContainersHome>, IClassFixture<RuledRegistry>
{
    [Fact]
    public async Task Docker_says_that_a_tag_is_immutable_and_that_a_quota_is_exceeded()
    {
        string image = $"{registry.HostPort}/immutable/docker:v1";
        _ = await engine.ImportAsync(image);
        _ = await engine.Docker.RunAsync("push", image);
        _ = await engine.Docker.RunAsync("push", image);
        string digest = await ReadAsync("immutable/docker");
        _ = await engine.ImportAsync(image);
        AssertImmutable("immutable/docker", digest, await engine.Docker.TryRunAsync("push", image));
        Assert.Equal(digest, await ReadAsync("immutable/docker"));

        string large = $"{registry.HostPort}/small/docker:1";
        _ = await engine.Docker.RunAsync("tag", image, large);
        AssertExceeded("small/docker", await engine.Docker.TryRunAsync("push", large));
    }

    [Fact]
    public async Task Podman_and_skopeo_say_that_a_tag_is_immutable_and_that_a_quota_is_exceeded()
    {
        TestImage first = await registry.Client.PushAsync("immutable/podman", TestImage.Create(), "v1");
        string image = $"{registry.HostPort}/immutable/podman:v1";
        _ = await ImportAsync(image);
        AssertImmutable("immutable/podman", first.Digest, await home.Podman.TryRunAsync("push", "--tls-verify=false", image));
        AssertExceeded("small/podman", await home.Podman.TryRunAsync("push", "--tls-verify=false", image, $"{registry.HostPort}/small/podman:1"));

        string folder = home.Folder.Folder("saved");
        _ = await home.Podman.RunAsync("push", image, $"dir:{folder}");
        AssertImmutable("immutable/podman", first.Digest, await home.Skopeo.TryRunAsync("copy", "--dest-tls-verify=false", $"dir:{folder}", $"docker://{image}"));
        AssertExceeded("small/skopeo", await home.Skopeo.TryRunAsync("copy", "--dest-tls-verify=false", $"dir:{folder}", $"docker://{registry.HostPort}/small/skopeo:1"));
        Assert.Equal(first.Digest, await ReadAsync("immutable/podman"));
    }

    [OptionalClientFact("crane")]
    public async Task Crane_says_that_a_tag_is_immutable_and_that_a_quota_is_exceeded()
    {
        Command crane = new("crane", "crane from its own release page", "--insecure");
        TestImage first = await registry.Client.PushAsync("immutable/crane", TestImage.Create(), "v1");
        var sample = SampleImage.OfLayers(2);
        _ = sample.WriteTo(home.Folder.Folder("layout"));
        AssertImmutable("immutable/crane", first.Digest, await crane.TryRunAsync("push", home.Folder.Folder("layout"), $"{registry.HostPort}/immutable/crane:v1"));
        AssertExceeded("small/crane", await crane.TryRunAsync("push", home.Folder.Folder("layout"), $"{registry.HostPort}/small/crane:1"));
    }

    private static void AssertImmutable(string repository, string digest, CommandResult result)
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(
            $"the tag is immutable: v1 of {repository} is {digest}, and gets no other digest by rule 1 (line 2: \"immutable/**\"); use another tag", Sentence(result), StringComparison.Ordinal);
    }

    private static void AssertExceeded(string repository, CommandResult result)
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.Matches(
            $"the quota is exceeded: {repository} asks for [0-9.]+ [KM]iB more, and rule 2 \\(line 3: \"small/\\*\\*\"\\) allows 4.9 KiB, of which 0 B are used; delete images that are not needed, or ask the operator for more",
            Sentence(result));
    }

    // Some print it as a part of a quoted line of their log.
    private static string Sentence(CommandResult result) => result.AllOutput.Replace("\\\"", "\"", StringComparison.Ordinal);

    private async Task<string> ReadAsync(string repository) =>
        (await registry.Client.HeadAnswerAsync($"/v2/{repository}/manifests/v1"))["Docker-Content-Digest"]!;

    private async Task<string> ImportAsync(string image)
    {
        Requires.StaticBusybox();
        string archive = home.Folder.File("root.tar");
        await File.WriteAllBytesAsync(archive, TarArchive.RootFileSystem(TarArchive.RandomPayload()), TestContext.Current.CancellationToken);
        return (await home.Podman.RunAsync("import", archive, image)).Text;
    }
}
