using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>
/// podman with partial images: it requests only the chunks of a zstd:chunked layer that its storage lacks, up to 1,024 ranges at once.
/// </summary>
public sealed class PartialPullTests(RegistryUnderTest registry) : IDisposable
{
    private const int Files = 3000;
    private const int FileSize = 8 * 1024;
    private const int ChangedEvery = 4;

    private readonly TemporaryFolder _folder = new("partial");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [OptionalClientFact("podman", MajorVersion = 5)]
    public async Task Podman_pulls_little_more_than_what_has_changed()
    {
        Requires.Root("podman");
        var (first, second) = Versions();
        Command pusher = Podman("pusher", "vfs");
        Command puller = Podman("puller", "overlay");
        foreach ((string tag, (string, byte[])[] files) in new[] { ("1", first), ("2", second) })
        {
            string archive = _folder.File($"{tag}.tar");
            await File.WriteAllBytesAsync(archive, TarArchive.Of(files), Cancellation);
            _ = await pusher.RunAsync("import", archive, $"{registry.HostPort}/partial:{tag}");
            _ = await pusher.RunAsync(
                "push", "--tls-verify=false", "--compression-format", "zstd:chunked", "--force-compression", $"{registry.HostPort}/partial:{tag}");
        }

        await using var proxy = new LoopbackProxy(registry.HostPort);
        _ = await puller.RunAsync("pull", "--tls-verify=false", $"{proxy.HostPort}/partial:1");
        long whole = proxy.SentByRegistry;
        _ = await puller.RunAsync("pull", "--tls-verify=false", $"{proxy.HostPort}/partial:2");
        long part = proxy.SentByRegistry - whole;

        // Random bytes cannot be compressed: what has changed is a quarter. The list of chunks comes on top.
        Assert.InRange(whole, (long)Files * FileSize, long.MaxValue);
        Assert.InRange(part, (long)Files / ChangedEvery * FileSize, whole / 2);

        string root = (await puller.RunAsync("image", "mount", $"{proxy.HostPort}/partial:2")).Text;
        foreach ((string path, byte[] content) in second)
        {
            Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(root, path), Cancellation));
        }

        _ = await puller.RunAsync("image", "umount", "--all");
    }

    private static ((string, byte[])[] First, (string, byte[])[] Second) Versions()
    {
        (string Path, byte[] Content)[] first = [.. Enumerable.Range(0, Files).Select(i => ($"file{i:d4}", TarArchive.RandomPayload(FileSize)))];
        return (first, [.. first.Select((file, i) => i % ChangedEvery == 0 ? (file.Path, TarArchive.RandomPayload(FileSize)) : file)]);
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
