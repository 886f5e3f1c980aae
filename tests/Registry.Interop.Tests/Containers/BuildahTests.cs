namespace Registry.Interop.Tests.Containers;

public sealed class BuildahTests(ContainersHome home, RegistryUnderTest registry) : IClassFixture<ContainersHome>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Buildah_builds_on_a_pulled_image_and_pushes_the_result()
    {
        Command buildah = home.Buildah;
        string @base = await PushBaseAsync("buildah/bud-base");
        string image = $"{registry.HostPort}/buildah/bud:1";
        string context = home.Folder.Folder("bud");
        await File.WriteAllTextAsync(
            Path.Combine(context, "Containerfile"),
            $"""
            FROM {@base}
            RUN echo built > /built
            CMD ["/bin/cat", "/built"]
            """,
            Cancellation);

        _ = await buildah.RunAsync("bud", "--isolation", "chroot", "--network", "host", "--layers", "--tls-verify=false", "-t", image, context);

        await AssertRoundTripAsync(image, "buildah/bud", "built");
    }

    [Fact]
    public async Task Buildah_commits_a_working_container_and_pushes_it()
    {
        Command buildah = home.Buildah;
        string @base = await PushBaseAsync("buildah/commit-base");
        string image = $"{registry.HostPort}/buildah/commit:1";

        string container = (await buildah.RunAsync("from", "--tls-verify=false", @base)).Text;
        _ = await buildah.RunAsync("run", "--isolation", "chroot", container, "--", "/bin/sh", "-c", "echo committed > /built");
        _ = await buildah.RunAsync("commit", "--rm", container, image);

        await AssertRoundTripAsync(image, "buildah/commit", "committed");
    }

    private async Task<string> PushBaseAsync(string repository)
    {
        var sample = SampleImage.Runnable();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, repository, "1", Cancellation);
        return $"{registry.HostPort}/{repository}:1";
    }

    private async Task AssertRoundTripAsync(string image, string repository, string expected)
    {
        Command buildah = home.Buildah;
        string digestFile = home.Folder.File("digest");
        _ = await buildah.RunAsync("push", "--tls-verify=false", "--digestfile", digestFile, image);
        StoredImage stored = await registry.Http.ReadImageAsync(repository, "1", Cancellation);
        Assert.Equal(await File.ReadAllTextAsync(digestFile, Cancellation), stored.Digest);

        _ = await buildah.RunAsync("rmi", "--force", image);
        string container = (await buildah.RunAsync("from", "--tls-verify=false", image)).Text;

        // By the exit code: under load, the output of a command that ends at once was seen to be missing.
        _ = await buildah.RunAsync("run", "--isolation", "chroot", container, "--", "/bin/sh", "-c", $"test \"$(cat /built)\" = {expected}");
        _ = await buildah.RunAsync("rm", container);
    }
}
