using Registry.Testing;
using Registry.Testing.Layouts;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>
/// podman with partial images: it reads the end of a zstd:chunked layer, then requests only the chunks that its storage lacks, up to 1,024 ranges at once.
/// </summary>
public sealed class PartialPullTests(RegistryUnderTest registry) : IDisposable
{
    private const int ChangedEvery = 4;

    private readonly TemporaryFolder _folder = new("partial");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [OptionalClientFact("podman", MajorVersion = 5)]
    public async Task Podman_pulls_little_more_than_what_has_changed()
    {
        var (first, second) = Versions(3000, 8 * 1024);
        await PushAsync("partial/small", first, second);

        await PullAsync("puller", registry.HostPort, "partial/small", first, second);
    }

    [OptionalClientFact("podman", MajorVersion = 5)]
    public async Task Podman_does_so_through_a_mirror_that_has_not_the_layers_yet_and_again_without_the_upstream()
    {
        // The end of each layer, which podman reads first, is further ahead than what a mirror waits for.
        var (first, second) = Versions(1000, 100 * 1024);
        await PushAsync("partial/large", first, second);
        var upstream = new LoopbackProxy(registry.HostPort);
        string configuration = _folder.File("mirror.json");
        await File.WriteAllTextAsync(
            configuration, $$"""{ "upstreams": [ { "name": "up.example", "url": "http://{{upstream.HostPort}}", "prefix": "up" } ] }""", Cancellation);
        await using RegistryProcess mirror = await RegistryProcess.StartAsync(
            _folder.Folder("mirror"), new Dictionary<string, string?> { ["REGISTRY_MIRROR_CONFIG"] = configuration }, cancellationToken: Cancellation);
        await using (upstream)
        {
            await PullAsync("cold", mirror.HostPort, "up/partial/large", first, second);
            using var http = new RegistryHttp(mirror.BaseAddress);
            await Task.WhenAll(new[] { "1", "2" }.Select(tag => http.ReadImageAsync("up/partial/large", tag, Cancellation)));

            // Each layer once, and ranges far ahead of what was there.
            TestContext.Current.TestOutputHelper?.WriteLine($"From the upstream: {upstream.SentByRegistry} bytes.");
            Assert.InRange(upstream.SentByRegistry, SizeOf(first) + SizeOf(second), 3 * SizeOf(first));
        }

        await PullAsync("warm", mirror.HostPort, "up/partial/large", first, second);
    }

    private async Task PushAsync(string repository, params (string, byte[])[][] versions)
    {
        Requires.Root("podman");
        Command podman = Podman("pusher", "vfs");
        foreach (var (index, files) in versions.Index())
        {
            string archive = _folder.File($"{index + 1}.tar");
            await File.WriteAllBytesAsync(archive, TarArchive.Of(files), Cancellation);
            string image = $"{registry.HostPort}/{repository}:{index + 1}";
            _ = await podman.RunAsync("import", archive, image);
            _ = await podman.RunAsync("push", "--tls-verify=false", "--compression-format", "zstd:chunked", "--force-compression", image);
        }
    }

    private async Task PullAsync(string name, string registryHostPort, string repository, (string, byte[])[] first, (string, byte[])[] second)
    {
        Command podman = Podman(name, "overlay");
        await using var proxy = new LoopbackProxy(registryHostPort);
        _ = await podman.RunAsync("pull", "--tls-verify=false", $"{proxy.HostPort}/{repository}:1");
        long whole = proxy.SentByRegistry;
        _ = await podman.RunAsync("pull", "--tls-verify=false", $"{proxy.HostPort}/{repository}:2");
        long part = proxy.SentByRegistry - whole;
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {whole} bytes, and {part} for the second version.");

        // Random bytes cannot be compressed: what has changed is a quarter. The list of chunks comes on top.
        Assert.InRange(whole, SizeOf(first), long.MaxValue);
        Assert.InRange(part, SizeOf(first) / ChangedEvery, whole / 2);

        string root = (await podman.RunAsync("image", "mount", $"{proxy.HostPort}/{repository}:2")).Text;
        foreach ((string path, byte[] content) in second)
        {
            Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(root, path), Cancellation));
        }

        _ = await podman.RunAsync("image", "umount", "--all");
    }

    private static long SizeOf((string, byte[] Content)[] files) => files.Sum(file => (long)file.Content.Length);

    private static ((string, byte[])[] First, (string, byte[])[] Second) Versions(int count, int size)
    {
        (string Path, byte[] Content)[] first = [.. Enumerable.Range(0, count).Select(i => ($"file{i:d4}", TarArchive.RandomPayload(size)))];
        return (first, [.. first.Select((file, i) => i % ChangedEvery == 0 ? (file.Path, TarArchive.RandomPayload(size)) : file)]);
    }

    private Command Podman(string name, string driver)
    {
        string configuration = _folder.File($"{name}.conf");
        File.WriteAllText(
            configuration,
            $$"""
            [storage]
            driver = "{{driver}}"
            graphroot = "{{_folder.Folder(name, "root")}}"
            runroot = "{{_folder.Folder(name, "run")}}"
            [storage.options]
            pull_options = {enable_partial_images = "true", use_hard_links = "false", ostree_repos = ""}
            """);
        return new Command("podman", "podman 5 or later from its own release page", "--tmpdir", _folder.Folder(name, "tmp"))
        {
            Environment = { ["CONTAINERS_STORAGE_CONF"] = configuration, ["HOME"] = _folder.Folder(name, "home") },
        };
    }
}
