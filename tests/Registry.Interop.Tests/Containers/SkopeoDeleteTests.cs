using System.Net;
using System.Text.Json;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Containers;

/// <summary>skopeo deletes a multi-architecture image, and the registry collects what that alone held (docs/storage.md, "What a deleted index leaves behind").</summary>
public sealed class SkopeoDeleteTests(ContainersHome home) : IClassFixture<ContainersHome>, IDisposable
{
    private const string Repository = "skopeo/deleted";

    // What is deleted is not kept by the trash.
    private static readonly Dictionary<string, string?> Deleting = new() { ["REGISTRY_TRASH"] = "0" };

    // Expires within seconds whatever nothing holds; the images are pushed without it, so that no pause of a push matters.
    private static readonly Dictionary<string, string?> Collecting = new(Deleting) { ["REGISTRY_GC_GRACE"] = "1" };

    private readonly TemporaryFolder _folder = new("skopeo-delete");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(_folder.Path, "data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Skopeo_deletes_an_index_and_its_children_are_collected_unless_something_else_holds_them()
    {
        var index = SampleImage.MultiArchitecture();
        SampleImage moved = SampleImage.WithEmptyLayer(), latest = SampleImage.WithEmptyLayer();
        string[] children = DigestsIn(index.Layout.Content[index.Top.Digest], "manifests");
        string[] gone = [index.Top.Digest, .. children[1..], .. children[1..].Select(child => DigestsIn(index.Layout.Content[child], "layers")[^1])];
        Assert.Equal(5, gone.Length);
        await using (RegistryProcess registry = await RegistryProcess.StartAsync(Data, Deleting, cancellationToken: Cancellation))
        {
            await PushAndDeleteAsync(registry, index, children[0], moved, latest);
            Assert.Equal(0, await registry.StopAsync(Cancellation));
            Assert.All(gone, digest => Assert.True(IsStored(digest), digest));
        }

        await using (RegistryProcess registry = await RegistryProcess.StartAsync(Data, Collecting, cancellationToken: Cancellation))
        {
            await Eventually.HoldsAsync(() => Task.FromResult(!gone.Any(IsStored)), "what only the index held is collected", Cancellation);
            using var http = new RegistryHttp(registry.BaseAddress);
            foreach (string child in children[1..])
            {
                using HttpResponseMessage answer = await http.GetAsync($"/v2/{Repository}/manifests/{child}", Cancellation);
                await RegistryHttp.ExpectAsync(answer, HttpStatusCode.NotFound);
            }

            Assert.Equal(children[0], (await http.ReadImageAsync(Repository, "amd64", Cancellation)).Digest);
            await latest.AssertHeldAsync(http, Repository, "latest");
            Assert.True(IsStored(moved.Top.Digest), "An image that was pushed for itself stays without its tag.");
            Assert.Equal(0, await registry.StopAsync(Cancellation));
        }

        (int exitCode, string listed) = await RegistryProcess.RunAsync("gc --untagged", Data, Collecting, Cancellation);
        Assert.True(exitCode == 0 && listed.Contains($"{Repository}@{moved.Top.Digest} was last pushed", StringComparison.Ordinal), listed);
        Assert.Contains("Held by nothing: 1 untagged manifest.", listed, StringComparison.Ordinal);
        (exitCode, string deleted) = await RegistryProcess.RunAsync("gc --untagged --delete", Data, Collecting, Cancellation);
        Assert.True(exitCode == 0 && deleted.Contains("Deleted 1 untagged manifest.", StringComparison.Ordinal), deleted);

        await using (RegistryProcess registry = await RegistryProcess.StartAsync(Data, cancellationToken: Cancellation))
        {
            using var http = new RegistryHttp(registry.BaseAddress);
            using HttpResponseMessage answer = await http.GetAsync($"/v2/{Repository}/manifests/{moved.Top.Digest}", Cancellation);
            await RegistryHttp.ExpectAsync(answer, HttpStatusCode.NotFound);
            Assert.Equal(["amd64", "latest"], (await http.ReadTagsAsync(Repository, Cancellation)).Order(StringComparer.Ordinal));
            await latest.AssertHeldAsync(http, Repository, "latest");
        }
    }

    private async Task PushAndDeleteAsync(RegistryProcess registry, SampleImage index, string kept, SampleImage moved, SampleImage latest)
    {
        Command skopeo = home.Skopeo;
        string repository = $"docker://{registry.HostPort}/{Repository}";
        await CopyAsync(index, "multi");
        _ = await skopeo.RunAsync("copy", "--src-tls-verify=false", "--dest-tls-verify=false", $"{repository}@{kept}", $"{repository}:amd64");
        await CopyAsync(moved, "latest");
        await CopyAsync(latest, "latest");

        _ = await skopeo.RunAsync("delete", "--tls-verify=false", $"{repository}:multi");

        Task CopyAsync(SampleImage image, string tag) => skopeo.RunAsync(
            "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", image.WriteTo(_folder.Folder(image.Top.Digest[7..])), $"{repository}:{tag}");
    }

    // On the disk, because a request for a manifest would keep it.
    private bool IsStored(string digest)
    {
        string hex = digest["sha256:".Length..];
        return File.Exists(Path.Combine(Data, "blobs", "sha256", hex[..2], hex, "data"));
    }

    private static string[] DigestsIn(byte[] manifest, string list)
    {
        using var json = JsonDocument.Parse(manifest);
        return [.. json.RootElement.GetProperty(list).EnumerateArray().Select(descriptor => descriptor.GetProperty("digest").GetString()!)];
    }
}
