using System.Text.Json;
using Registry.Core.Access;
using Registry.Core.Storage;
using Registry.Server.Tests.Access;
using Registry.Storage.Contracts;

namespace Registry.Server.Tests.Telemetry;

/// <summary>Each request has its line at the level debug, each change its line at the level info, and client and log share an id.</summary>
public sealed class RequestLogTests
{
    [Fact]
    public async Task A_request_has_one_line_with_what_it_was_and_what_became_of_it()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        var body = new byte[1000];

        // Chunked, so that the length is known only from reading.
        var answer = await registry.Client.RequestAsync(
            "POST", $"/v2/team/app/blobs/uploads/?digest={TestBlob.OfText("another").Digest}", body, AccessFolder.Basic("alice"), ("Transfer-Encoding", "chunked"), ("User-Agent", $"tester/1 {new string('x', 500)}"));

        var line = await FindAsync(registry, "request", answer);
        Assert.Equal("debug", line.GetProperty("level").GetString());
        Assert.Equal("POST", line.GetProperty("method").GetString());
        Assert.Equal("/v2/team/app/blobs/uploads/", line.GetProperty("path").GetString());
        Assert.Equal("team/app", line.GetProperty("repository").GetString());
        Assert.Equal("push", line.GetProperty("action").GetString());
        Assert.Equal("push-blob", line.GetProperty("operation").GetString());
        Assert.Equal("alice", line.GetProperty("user").GetString());
        Assert.Equal("127.0.0.1", line.GetProperty("remoteAddress").GetString());
        Assert.Equal(400, line.GetProperty("status").GetInt32());
        Assert.Equal("DIGEST_INVALID", line.GetProperty("error").GetString());
        Assert.Equal(1000, line.GetProperty("bytesIn").GetInt64());
        Assert.Equal(answer.Body.Length, line.GetProperty("bytesOut").GetInt64());
        Assert.InRange(line.GetProperty("durationMs").GetDouble(), 0, 60_000);
        Assert.StartsWith("tester/1 xxx", line.GetProperty("userAgent").GetString(), StringComparison.Ordinal);
        Assert.InRange(line.GetProperty("userAgent").GetString()!.Length, 100, 129);
    }

    [Fact]
    public async Task Each_change_has_its_line_and_nothing_else_has()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        var client = registry.Client;
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        var image = await client.PushAsync("team/app", TestImage.Create(), "latest");
        Check.Status(201, await client.PutManifestAsync("team/app", $"{image.Digest}?tag=v1&tag=v2", image));
        Check.Status(201, await client.RequestAsync("POST", $"/v2/team/copy/blobs/uploads/?mount={image.Blobs[0].Digest}&from=team/app"));
        var second = await client.PushAsync("team/app", TestImage.Create(), "latest");
        Check.Status(200, await client.GetAnswerAsync("/v2/team/app/manifests/latest"));
        Check.Status(200, await client.GetAnswerAsync($"/v2/team/app/blobs/{image.Blobs[0].Digest}"));
        Check.Status(202, await client.RequestAsync("DELETE", "/v2/team/app/manifests/latest"));
        Check.Status(202, await client.RequestAsync("DELETE", $"/v2/team/app/manifests/{image.Digest}"));
        Check.Status(404, await client.RequestAsync("DELETE", $"/v2/team/app/manifests/{image.Digest}"));
        Check.Status(202, await client.RequestAsync("DELETE", $"/v2/team/copy/blobs/{image.Blobs[0].Digest}"));
        Check.Status(403, await client.RequestAsync("POST", "/v2/other/app/blobs/uploads/"));
        await FindAsync(registry, "request", Check.Status(200, await client.GetAnswerAsync("/v2/")));

        var lines = Lines(registry, "audit").Select(Summary).ToList();

        var size = image.Manifest.Bytes.Length;
        Assert.Equal(
            [
                .. image.Blobs.Select(blob => $"debug push-blob team/app {blob.Digest} alice {blob.Bytes.Length} done"),
                $"info push-manifest team/app {image.Digest} alice {size} done",
                $"info push-manifest team/app latest {image.Digest} alice {size} done",
                $"info push-manifest team/app v1,v2 {image.Digest} alice {size} done",
                $"debug mount-blob team/copy {image.Blobs[0].Digest} team/app alice done",
                .. second.Blobs.Select(blob => $"debug push-blob team/app {blob.Digest} alice {blob.Bytes.Length} done"),
                $"info push-manifest team/app {second.Digest} alice {second.Manifest.Bytes.Length} done",
                $"info push-manifest team/app latest {second.Digest} latest@{image.Digest} alice {second.Manifest.Bytes.Length} done",
                $"info delete-tag team/app latest {second.Digest} alice done",
                $"info delete-manifest team/app v1,v2 {image.Digest} alice {size} done",
                $"info delete-manifest team/app {image.Digest} alice MANIFEST_UNKNOWN",
                $"info delete-blob team/copy {image.Blobs[0].Digest} alice {image.Blobs[0].Bytes.Length} done",
                "info begin-upload other/app alice DENIED",
            ],
            lines);
        Assert.Contains(registry.Log.Entries, entry => entry.Level == Microsoft.Extensions.Logging.LogLevel.Information
            && entry.Message.StartsWith($"audit: push-manifest team/app@{image.Digest} as v1,v2, {size} B by user alice from 127.0.0.1: done (request ", StringComparison.Ordinal));
        Assert.Contains(registry.Log.Entries, entry => entry.Message.StartsWith(
            $"audit: push-manifest team/app:latest@{second.Digest}, {second.Manifest.Bytes.Length} B, before: latest@{image.Digest} by user alice from ", StringComparison.Ordinal));
        Assert.Contains(registry.Log.Entries, entry => entry.Message.StartsWith(
            $"audit: delete-manifest team/app@{image.Digest} with tags v1,v2, {size} B by user alice from ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_user_called_anonymous_and_a_caller_without_credentials_are_told_apart()
    {
        using var folder = new TemporaryFolder();
        var users = System.IO.Path.Combine(folder.Path, "htpasswd");
        File.WriteAllText(users, $"anonymous:{BCrypt.Net.BCrypt.HashPassword("secret", 4)}\n");
        await using var registry = await TestRegistry.StartAsync(options => options with { Authentication = AuthenticationKind.Basic, HtpasswdPath = users });

        var user = await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Basic("anonymous", "secret"));
        var stranger = await registry.Client.GetAnswerAsync("/v2/");

        var ofUser = await FindAsync(registry, "request", user);
        var ofStranger = await FindAsync(registry, "request", stranger);
        Assert.Equal("anonymous", ofUser.GetProperty("user").GetString());
        Assert.False(ofUser.TryGetProperty("anonymous", out _));
        Assert.Contains(", user anonymous from 127.0.0.1", ofUser.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.True(ofStranger.GetProperty("anonymous").GetBoolean());
        Assert.False(ofStranger.TryGetProperty("user", out _));
        Assert.Contains(", anonymous from 127.0.0.1", ofStranger.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deletion_names_all_of_very_many_tags_in_lines_of_a_bounded_length()
    {
        await using var registry = await TestRegistry.StartAsync();
        var image = await registry.Client.PushAsync("app", TestImage.Create());
        var tags = Enumerable.Range(0, 210).Select(i => $"v{i}{new string('x', 120)}").ToList();
        foreach (var some in tags.Chunk(30))
        {
            Check.Status(201, await registry.Client.PutManifestAsync("app", $"{image.Digest}?{string.Join('&', some.Select(tag => $"tag={tag}"))}", image));
        }

        var deleted = Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/app/manifests/{image.Digest}"));

        await FindAsync(registry, "request", deleted);
        var lines = registry.Log.JsonLines.Where(line => line.Contains("delete-manifest", StringComparison.Ordinal) && line.Contains("\"audit\"", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, lines.Count);
        Assert.All(lines, line => Assert.InRange(line.Length / 2, 0, 16 * 1024));
        Assert.Equal(tags.Order(StringComparer.Ordinal), lines.SelectMany(line => JsonElement.Parse(line).GetProperty("tags").GetString()!.Split(',')).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Two_deletions_at_once_of_a_manifest_with_very_many_tags_name_each_tag_once()
    {
        await using var registry = await TestRegistry.StartAsync();
        var image = await registry.Client.PushAsync("app", TestImage.Create());
        var tags = Enumerable.Range(0, 1300).Select(i => $"v{i}").ToList();
        foreach (var some in tags.Chunk(100))
        {
            Check.Status(201, await registry.Client.PutManifestAsync("app", $"{image.Digest}?{string.Join('&', some.Select(tag => $"tag={tag}"))}", image));
        }

        // Each deletes some of the tags in turns. One finds the manifest gone, also after it has deleted some.
        var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => registry.Client.RequestAsync("DELETE", $"/v2/app/manifests/{image.Digest}")));

        Assert.Equal([202, 404], answers.Select(answer => answer.Status).Order());
        foreach (var answer in answers)
        {
            await FindAsync(registry, "request", answer);
        }

        Assert.Equal(
            tags.Order(StringComparer.Ordinal),
            Lines(registry, "audit").Where(line => line.GetProperty("operation").GetString() == "delete-manifest" && line.TryGetProperty("tags", out var named) && named.GetString() != "")
                .SelectMany(line => line.GetProperty("tags").GetString()!.Split(',')).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_deletion_that_a_fault_of_the_storage_stops_names_the_tags_that_are_gone()
    {
        TestRegistry.SkipOnNodes("stops a deletion between its transactions, and on PostgreSQL it has one");
        var rules = new ContractRules();
        await using var registry = await TestRegistry.StartAsync(options => options with { ChangeRules = rules });
        var image = await registry.Client.PushAsync("app", TestImage.Create());
        var tags = Enumerable.Range(0, 1300).Select(i => $"v{i}").ToList();
        foreach (var some in tags.Chunk(100))
        {
            Check.Status(201, await registry.Client.PutManifestAsync("app", $"{image.Digest}?{string.Join('&', some.Select(tag => $"tag={tag}"))}", image));
        }

        // All are asked about before the first goes, and each turn asks about its own again.
        var asked = 0;
        rules.Tag = _ => ++asked > tags.Count + 500 ? throw new StorageException("the disk is broken") : null;
        var answer = Check.Status(503, await registry.Client.RequestAsync("DELETE", $"/v2/app/manifests/{image.Digest}"));

        await FindAsync(registry, "request", answer);
        var lines = Lines(registry, "audit").Where(line => line.GetProperty("requestId").GetString() == answer["X-Request-Id"]).ToList();
        Assert.All(lines, line => Assert.Equal(("delete-manifest", "UNSUPPORTED"), (line.GetProperty("operation").GetString(), line.GetProperty("outcome").GetString())));
        var gone = lines.SelectMany(line => line.GetProperty("tags").GetString()!.Split(',')).ToList();
        Assert.Equal(500, gone.Count);
        var left = (await registry.Client.GetAnswerAsync("/v2/app/tags/list?n=1000")).Strings("tags");
        Assert.Equal(tags.Order(StringComparer.Ordinal), gone.Concat(left).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_access_log_has_a_line_for_each_request_whatever_the_level()
    {
        using var folder = new TemporaryFolder();
        await using var registry = await RegistryProcess.StartAsync(
            folder.Path, new Dictionary<string, string?> { ["REGISTRY_LOG_LEVEL"] = "error", ["REGISTRY_ACCESS_LOG"] = "true" });
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        var answer = Check.Status(404, await client.GetAnswerAsync("/v2/app/manifests/latest"));
        Check.Status(202, await client.RequestAsync("POST", "/v2/app/blobs/uploads/"));

        Assert.Equal(0, await registry.StopAsync());

        Assert.Single(registry.Output.Split('\n'), line => line.Contains(" info  GET /v2/app/manifests/latest -> 404 MANIFEST_UNKNOWN", StringComparison.Ordinal)
            && line.EndsWith($"(request {answer["X-Request-Id"]})", StringComparison.Ordinal));
        Assert.Single(registry.Output.Split('\n'), line => line.Contains(" info  POST /v2/app/blobs/uploads/ -> 202; ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("build-7.job_42", true)]
    [InlineData("a b", false)]
    [InlineData("forged\",\"level\":\"fatal", false)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234", false)]
    public async Task An_id_that_the_client_brings_is_taken_when_it_is_one(string id, bool isTaken)
    {
        await using var registry = await TestRegistry.StartAsync();

        var answer = await registry.Client.GetAnswerAsync("/v2/", ("X-Request-Id", id));

        Assert.Equal(isTaken, answer["X-Request-Id"] == id);
        await FindAsync(registry, "request", answer);
    }

    [Fact]
    public async Task With_json_every_line_on_standard_error_is_an_object_and_a_client_can_find_its_own()
    {
        using var folder = new TemporaryFolder();
        await using var registry = await RegistryProcess.StartAsync(folder.Path, new Dictionary<string, string?> { ["REGISTRY_LOG_FORMAT"] = "json" });
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        var image = await client.PushAsync("app", TestImage.Create());
        var deleted = Check.Status(202, await client.RequestAsync("DELETE", $"/v2/app/manifests/{image.Digest}"));
        var missing = Check.Status(404, await client.GetAnswerAsync("/v2/app/manifests/latest"));
        var pulled = Check.Status(200, await client.GetAnswerAsync($"/v2/app/blobs/{image.Blobs[0].Digest}"));

        Assert.Equal(0, await registry.StopAsync());

        var lines = registry.Output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonElement.Parse(line)).ToList();
        Assert.Contains(lines, line => line.TryGetProperty("requestId", out var id) && id.GetString() == deleted["X-Request-Id"]);
        Assert.DoesNotContain(registry.Output.Split('\n'), line => line.Contains(" info ", StringComparison.Ordinal));

        // No line of the level info is about a pull: one that was served has no id, one that was refused has.
        Assert.NotNull(missing["X-Request-Id"]);
        Assert.Null(pulled["X-Request-Id"]);
    }

    private static IEnumerable<JsonElement> Lines(TestRegistry registry, string kind) => registry.Log.JsonLines.Select(line => JsonElement.Parse(line))
        .Where(line => line.TryGetProperty("event", out var name) && name.GetString() == kind);

    // The line is written when the client has its answer already.
    private static async Task<JsonElement> FindAsync(TestRegistry registry, string kind, Answer answer)
    {
        var found = new List<JsonElement>();
        await Eventually.HoldsAsync(
            () =>
            {
                found = [.. Lines(registry, kind).Where(line => line.GetProperty("requestId").GetString() == answer["X-Request-Id"])];
                return Task.FromResult(found.Count > 0);
            },
            "the request is logged");
        return Assert.Single(found);
    }

    private static string Summary(JsonElement line) => string.Join(' ', new[] { "level", "operation", "repository", "reference", "tags", "digest", "previous", "from", "user", "size", "outcome" }
        .Select(name => line.TryGetProperty(name, out var value) ? value.ToString() : null).OfType<string>());
}
