using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Registry.Testing.Layouts;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Docker;

/// <summary>A person deletes the wrong image, a signed one for several architectures, and gets it back with one command of <c>registry trash</c>.</summary>
[Collection(nameof(DockerEngine))]
public sealed class TrashTests(DockerEngine engine, RegistryUnderTest registry)
{
    private const string Repository = "docker/trash";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Docker_pulls_a_signed_index_that_was_deleted_and_restored()
    {
        var index = SampleImage.MultiArchitecture();
        string image = $"{registry.HostPort}/{Repository}";
        string signatureTag = $"{index.Top.Digest.Replace(':', '-')}.sig";
        _ = engine.Docker;
        await registry.Http.PushImageAsync(index.Layout, index.Top, Repository, "1.0", Cancellation);
        await registry.Http.PushManifestAsync(Repository, "latest", index.Top.MediaType, index.Layout.Content[index.Top.Digest], Cancellation);
        string referrer = await PushSignatureAsync(index, null);
        string tagged = await PushSignatureAsync(index, signatureTag);
        await AssertPullsAsync($"{image}:1.0", index);

        using HttpResponseMessage deleted = await ExpectAsync(HttpMethod.Delete, $"/v2/{Repository}/manifests/{index.Top.Digest}", HttpStatusCode.Accepted);

        // The engine remembers manifests by their digests, and would only ask for the layers.
        Assert.NotEqual(0, (await engine.Docker.TryRunAsync("pull", $"{image}:1.0")).ExitCode);

        string[] listed = (await RunAsync($"trash ls {image}")).Split('\n');
        Assert.Matches($@"^{Repository}@{index.Top.Digest}  \S+Z  anonymous  (7d|6d23h)  +\S+ \S+  yes +1\.0,latest$", Assert.Single(listed.Skip(1)));
        Assert.Equal($"{Repository}@{index.Top.Digest} is back with 2 tags: 1.0, latest", await RunAsync($"trash restore {image}@{index.Top.Digest}"));

        foreach (string reference in new[] { ":1.0", ":latest", $"@{index.Top.Digest}" })
        {
            await AssertPullsAsync(image + reference, index);
        }

        await index.AssertHeldAsync(registry.Http, Repository, "1.0");
        using HttpResponseMessage referrers = await ExpectAsync(HttpMethod.Get, $"/v2/{Repository}/referrers/{index.Top.Digest}", HttpStatusCode.OK);
        Assert.Contains(referrer, await referrers.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        using HttpResponseMessage signature = await ExpectAsync(HttpMethod.Get, $"/v2/{Repository}/manifests/{signatureTag}", HttpStatusCode.OK);
        Assert.Equal(tagged, Assert.Single(signature.Headers.GetValues("Docker-Content-Digest")));
    }

    [Fact]
    public async Task Docker_cannot_pull_what_was_purged()
    {
        string image = $"{registry.HostPort}/docker/purged:latest";
        _ = await engine.ImportAsync(image);
        string pushed = (await engine.Docker.RunAsync("push", image)).Text;
        string digest = Regex.Match(pushed, "digest: (sha256:[0-9a-f]{64})").Groups[1].Value;
        using HttpResponseMessage deleted = await ExpectAsync(HttpMethod.Delete, $"/v2/docker/purged/manifests/{digest}", HttpStatusCode.Accepted);
        _ = await engine.Docker.RunAsync("rmi", "--force", image);

        string purged = await RunAsync($"trash purge {registry.HostPort}/docker/purged@{digest}");

        Assert.StartsWith($"docker/purged@{digest} is gone for good, with what only it held. Removed from docker/purged: 3 blobs and manifests\n", purged, StringComparison.Ordinal);
        Assert.Equal(
            $"registry: {registry.HostPort}: manifest unknown: {digest} is not in the trash of docker/purged",
            await RunAsync($"trash restore {registry.HostPort}/docker/purged@{digest}", exitCode: 1));
        Assert.NotEqual(0, (await engine.Docker.TryRunAsync("pull", image)).ExitCode);
    }

    // As cosign writes it: as a referrer, or under a tag that is made of the digest.
    private async Task<string> PushSignatureAsync(SampleImage image, string? tag)
    {
        byte[] config = "{}"u8.ToArray();
        byte[] payload = Encoding.UTF8.GetBytes($$$"""{"critical":{"image":{"docker-manifest-digest":"{{{image.Top.Digest}}}"},"type":"cosign container image signature"}}""");
        await registry.Http.PushBlobAsync(Repository, config, Cancellation);
        await registry.Http.PushBlobAsync(Repository, payload, Cancellation);
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = OciLayoutBuilder.ManifestType,
            ["artifactType"] = "application/vnd.dev.cosign.artifact.sig.v1+json",
            ["config"] = Descriptor("application/vnd.oci.image.config.v1+json", config),
            ["layers"] = new JsonArray(Descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload)),
        };
        if (tag is null)
        {
            manifest["subject"] = new JsonObject
            {
                ["mediaType"] = image.Top.MediaType,
                ["digest"] = image.Top.Digest,
                ["size"] = image.Layout.Content[image.Top.Digest].Length,
            };
        }

        byte[] bytes = Encoding.UTF8.GetBytes(manifest.ToJsonString());
        string digest = OciLayoutBuilder.DigestOf(bytes);
        await registry.Http.PushManifestAsync(Repository, tag ?? digest, OciLayoutBuilder.ManifestType, bytes, Cancellation);
        return digest;
    }

    private async Task AssertPullsAsync(string image, SampleImage sample)
    {
        _ = await engine.Docker.TryRunAsync("rmi", "--force", image);
        _ = await engine.Docker.RunAsync("pull", image);
        Assert.StartsWith(sample.PayloadSha256, await engine.RunAsync(image), StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> ExpectAsync(HttpMethod method, string path, HttpStatusCode status)
    {
        HttpResponseMessage answer = await registry.Http.SendAsync(method, path, cancellationToken: Cancellation);
        await RegistryHttp.ExpectAsync(answer, status);
        return answer;
    }

    private async Task<string> RunAsync(string command, int exitCode = 0)
    {
        var environment = new Dictionary<string, string?> { ["DOCKER_CONFIG"] = engine.Folder.Folder("config") };
        (int code, string output) = await RegistryProcess.RunAsync(command, engine.Folder.Path, environment, Cancellation);
        Assert.True(code == exitCode, output);
        return output.Trim();
    }

    private static JsonObject Descriptor(string mediaType, byte[] content) =>
        new() { ["mediaType"] = mediaType, ["digest"] = OciLayoutBuilder.DigestOf(content), ["size"] = content.Length };
}
