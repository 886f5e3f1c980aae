using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Oci;
using Registry.Server.Tests.Maintenance;

namespace Registry.Server.Tests.Mirroring;

/// <summary>What an operator sees of the mirror, and does with it: status, check, warm and forget.</summary>
public sealed class MirrorOperationTests
{
    private static readonly (string, string) Json = ("Content-Type", "application/json");

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task The_status_tells_what_is_here_and_what_was_answered()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"maxSize\": \"1GiB\", \"keep\": \"30d\"");
        await using var maintained = await MaintainedRegistry.StartAsync(upstream.Configure, _time);
        var mirror = maintained.Registry;
        var before = await StatusAsync(mirror);
        Assert.Equal(("up.example", upstream.Relay.Address, "up", "ok"), (Text(before, "name"), Text(before, "url"), Text(before, "prefix"), Text(before, "state")));
        Assert.Equal((0, 1L << 30, 30 * 86400), (Number(before, "manifests"), Number(before, "maxSize"), Number(before, "keepSeconds")));
        Assert.False(before.TryGetProperty("remainingRateLimit", out _));

        upstream.Relay.Instead = context =>
        {
            context.Response.Headers["ratelimit-limit"] = "100;w=21600";
            context.Response.Headers["ratelimit-remaining"] = "42;w=21600";
            return Task.FromResult(false);
        };
        var image = await upstream.Client.PushAsync("team/app", TestImage.Create(layerSize: 100_000), "v1");
        await PullAsync(mirror, image, "v1");
        await PullAsync(mirror, image, "v1");

        var after = await StatusAsync(mirror);
        Assert.Equal((1, 1), (Number(after, "repositories"), Number(after, "manifests")));
        Assert.Equal(image.Manifest.Bytes.Length + image.Blobs.Sum(blob => blob.Bytes.Length), Number(after, "bytes"));
        Assert.Equal((1 + image.Blobs.Count, 1 + image.Blobs.Count, 0), (Number(after, "misses"), Number(after, "hits"), Number(after, "stale")));
        Assert.Equal((0, 0), (Number(after, "fetches"), Number(after, "readers")));
        Assert.Equal((100, 42), (Number(after, "rateLimit"), Number(after, "remainingRateLimit")));
        Assert.Equal(Number(after, "bytes"), Number(after, "receivedBytes"));
        Assert.Equal(1 + image.Blobs.Count, after.GetProperty("requests").GetProperty("given").GetInt64());
    }

    [Fact]
    public async Task While_an_upstream_is_away_the_status_says_why_and_since_when_and_the_registry_is_ready()
    {
        await using var upstream = await MirroredUpstream.StartAsync();
        await using var maintained = await MaintainedRegistry.StartAsync(upstream.Configure, _time);
        var mirror = maintained.Registry;
        var image = await upstream.Client.PushAsync("team/app", TestImage.Create(), "v1");
        await PullAsync(mirror, image, "v1");
        Cut(upstream);
        _time.Advance(TimeSpan.FromMinutes(2));
        var fault = _time.GetUtcNow();
        Check.Status(200, await mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v1"));
        _time.Advance(TimeSpan.FromSeconds(10));

        var away = await StatusAsync(mirror);
        Assert.Equal("away", Text(away, "state"));
        Assert.Contains("503", Text(away, "reason"), StringComparison.Ordinal);
        Assert.Equal(fault.ToUnixTimeSeconds(), DateTimeOffset.Parse(Text(away, "since"), null).ToUnixTimeSeconds());
        Assert.Equal(1, Number(away, "stale"));
        Check.Status(200, await mirror.Client.GetAnswerAsync("/readyz"));
        var pages = await maintained.OpenPagesAsync();
        Assert.Contains("answered 503", (await pages.OpenAsync("/administration")).Text, StringComparison.Ordinal);
        Assert.Contains("answered 503", (await pages.OpenAsync("/administration/mirror")).Text, StringComparison.Ordinal);
        Assert.Contains("Mirrored from <bdi>up.example</bdi>.", (await pages.OpenAsync("/repositories/up/team/app")).Text, StringComparison.Ordinal);

        upstream.Relay.Instead = null;
        _time.Advance(TimeSpan.FromMinutes(2));
        Check.Status(200, await mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v1"));
        var back = await StatusAsync(mirror);
        Assert.Equal(("ok", false), (Text(back, "state"), back.TryGetProperty("since", out _)));
        Assert.DoesNotContain("answered 503", (await pages.OpenAsync("/administration/mirror")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_asks_at_once_and_tells_what_the_tag_was_and_is()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"check\": \"1d\"");
        await using var maintained = await MaintainedRegistry.StartAsync(upstream.Configure, _time);
        var mirror = maintained.Registry;
        var first = await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest");
        Assert.Equal((null, first.Digest), await CheckAsync(mirror, "up/team/app:latest"));
        Assert.Equal((first.Digest, first.Digest), await CheckAsync(mirror, "up/team/app:latest"));
        var second = await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest");
        Assert.Equal(first.Digest, await PulledAsync(mirror, "latest"));

        Assert.Equal((first.Digest, second.Digest), await CheckAsync(mirror, "up/team/app:latest"));
        Assert.Equal(second.Digest, await PulledAsync(mirror, "latest"));

        Cut(upstream);
        var stale = Check.Status(200, await PostAsync(mirror, "mirror/check", "up/team/app:latest")).Json;
        Assert.Equal((second.Digest, second.Digest), (Text(stale, "was"), Text(stale, "is")));
        Assert.Contains("503", Text(stale, "stale"), StringComparison.Ordinal);
        Check.Problem(502, "UNSUPPORTED", "the upstream of this mirror has not given it; try again later", await PostAsync(mirror, "mirror/check", "up/team/app:other"));

        upstream.Relay.Instead = null;
        _time.Advance(TimeSpan.FromMinutes(2));
        Check.Status(202, await upstream.Client.RequestAsync("DELETE", "/v2/team/app/manifests/latest"));
        Assert.Equal((second.Digest, null), await CheckAsync(mirror, "up/team/app:latest"));
        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await PostAsync(mirror, "mirror/check", "up/team/app:latest"));
    }

    [Fact]
    public async Task What_is_forgotten_goes_at_once_with_what_only_it_holds_and_is_fetched_anew()
    {
        await using var upstream = await MirroredUpstream.StartAsync();
        await using var maintained = await MaintainedRegistry.StartAsync(upstream.Configure, _time);
        var mirror = maintained.Registry;
        var index = TestImage.Index([TestImage.Create(layerSize: 50_000), TestImage.Create(layerSize: 60_000)]);
        await upstream.Client.PushAsync("team/app", index, "multi");
        var other = await upstream.Client.PushAsync("team/app", TestImage.Create(layerSize: 70_000), "other");
        foreach (var image in index.Children.Prepend(index))
        {
            await PullAsync(mirror, image, image.Digest);
        }

        Assert.Equal(index.Digest, await PulledAsync(mirror, "multi"));
        await PullAsync(mirror, other, "other");

        var forgotten = Check.Status(200, await PostAsync(mirror, "mirror/forget", "up/team/app:multi")).Json;

        var blobs = index.Children.SelectMany(child => child.Blobs).DistinctBy(blob => blob.Digest).ToList();
        Assert.Equal((3, blobs.Count), (Number(forgotten, "manifests"), Number(forgotten, "blobs")));
        Assert.Empty(forgotten.GetProperty("left").EnumerateArray());
        foreach (var digest in blobs.Select(blob => blob.Digest).Append(index.Digest))
        {
            Assert.Null(await mirror.Host.Storage.Blobs.StatAsync(Digest.Parse(digest)));
        }

        Assert.Equal(other.Digest, await PulledAsync(mirror, "other"));
        var asked = upstream.Relay.Count("GET /v2/team/app/manifests/");
        Assert.Equal(index.Digest, await PulledAsync(mirror, "multi"));
        Assert.Equal(asked + 1, upstream.Relay.Count("GET /v2/team/app/manifests/"));

        Assert.Equal(2, Number(Check.Status(200, await PostAsync(mirror, "mirror/forget", "up/team/app")).Json, "manifests"));
        Assert.Equal((0, 0), (Number(await StatusAsync(mirror), "manifests"), Number(await StatusAsync(mirror), "bytes")));
        Check.Problem(404, "NAME_UNKNOWN", "repository name not known to registry", await PostAsync(mirror, "mirror/forget", "up/team/app"));
        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await PostAsync(mirror, "mirror/forget", "up/team/app:multi"));
    }

    [Fact]
    public async Task A_warmed_image_is_pulled_without_the_upstream()
    {
        await using var upstream = await MirroredUpstream.StartAsync();
        await using var maintained = await MaintainedRegistry.StartAsync(upstream.Configure);
        var mirror = maintained.Registry;
        var index = TestImage.Index([TestImage.Create(layerSize: 500_000), TestImage.Create(layerSize: 600_000)]);
        await upstream.Client.PushAsync("team/app", index, "multi");
        await PullAsync(mirror, index.Children[0], index.Children[0].Digest);

        var job = await maintained.RunJobAsync("warm?image=up/team/app:multi");

        Assert.Equal("succeeded", Text(job, "state"));
        var (report, blobs) = (job.GetProperty("report").GetProperty("warmed"), index.Children.SelectMany(child => child.Blobs).DistinctBy(blob => blob.Digest).ToList());
        Assert.Equal((3, blobs.Count, 0), (Number(report, "manifests"), Number(report, "blobs"), Number(report, "missing")));
        Assert.Equal(blobs.Except(index.Children[0].Blobs).Sum(blob => blob.Bytes.Length), Number(report, "bytes"));
        Cut(upstream);
        foreach (var image in index.Children.Prepend(index))
        {
            await PullAsync(mirror, image, image.Digest);
        }

        Assert.Equal(index.Digest, await PulledAsync(mirror, "multi"));
        Assert.All(blobs, blob => Assert.Equal(1, upstream.Relay.Count($"GET /v2/team/app/blobs/{blob.Digest}")));

        Assert.Equal("failed", Text(await maintained.RunJobAsync($"warm?image=up/team/nil@{index.Digest}"), "state"));
        var local = await maintained.RunJobAsync("warm?image=team/app:multi");
        Assert.Equal(("failed", true), (Text(local, "state"), Text(local, "outcome").StartsWith("team/app is not mirrored", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Of_a_platform_only_its_images_are_fetched_in_advance()
    {
        await using var upstream = await MirroredUpstream.StartAsync();
        await using var maintained = await MaintainedRegistry.StartAsync(upstream.Configure);
        List<TestImage> images = [.. Enumerable.Range(0, 4).Select(_ => TestImage.Create(layerSize: 50_000))];
        (string, string, string?)[] platforms = [("linux", "amd64", null), ("linux", "arm", "v6"), ("linux", "arm", "v7"), ("unknown", "unknown", null)];
        var index = TestImage.Index(images, json =>
        {
            foreach (var (manifest, (os, architecture, variant)) in json["manifests"]!.AsArray().Zip(platforms))
            {
                manifest!["platform"] = new JsonObject { ["os"] = os, ["architecture"] = architecture, ["variant"] = variant };
            }
        });
        await upstream.Client.PushAsync("team/app", index, "multi");
        await upstream.Client.PushAsync("team/app", images[0], "single");

        var job = await maintained.RunJobAsync("warm?image=up/team/app:multi&platform=linux/arm");

        Assert.Equal("linux/arm", job.GetProperty("parameters").GetProperty("platform").GetString());
        var blobs = images[1..3].SelectMany(image => image.Blobs).DistinctBy(blob => blob.Digest).ToList();
        var report = job.GetProperty("report").GetProperty("warmed");
        Assert.Equal((3, blobs.Count), (Number(report, "manifests"), Number(report, "blobs")));
        Assert.Equal(3, upstream.Relay.Count("GET /v2/team/app/manifests/"));
        Assert.Equal(blobs.Count, upstream.Relay.Count("GET /v2/team/app/blobs/"));

        Assert.Equal(2, Number((await maintained.RunJobAsync("warm?image=up/team/app:multi&platform=linux/arm/v7")).GetProperty("report").GetProperty("warmed"), "manifests"));
        var none = await maintained.RunJobAsync("warm?image=up/team/app:multi&platform=linux/riscv64");
        Assert.Equal(
            ("failed", "up/team/app has no such image for linux/riscv64; it has linux/amd64, linux/arm/v6, linux/arm/v7"), (Text(none, "state"), Text(none, "outcome")));
        Assert.Equal("succeeded", Text(await maintained.RunJobAsync("warm?image=up/team/app:single&platform=linux/riscv64"), "state"));
        Check.Problem(
            400,
            "UNSUPPORTED",
            "malformed request",
            "platform is 'linux'; it must be a platform such as linux/amd64 or linux/arm64/v8",
            await maintained.Registry.Client.RequestAsync("POST", "/api/v1/maintenance/warm?image=up/team/app:multi&platform=linux", "{}"u8.ToArray(), Json));
    }

    [Fact]
    public async Task Only_what_is_mirrored_is_forgotten_or_asked_for_and_nothing_while_the_registry_is_read_only()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"repositories\": [\"team/*\"]");
        await using var maintained = await MaintainedRegistry.StartAsync(upstream.Configure, _time);
        var mirror = maintained.Registry;
        await mirror.Client.PushAsync("team/app", TestImage.Create(), "v1");
        foreach (var operation in new[] { "forget", "check" })
        {
            Check.Problem(404, "NAME_UNKNOWN", "repository name not known to registry", await PostAsync(mirror, $"mirror/{operation}", "team/app:v1"));
            Check.Problem(400, "UNSUPPORTED", "malformed request", await PostAsync(mirror, $"mirror/{operation}", "Team"));
        }

        Check.Problem(404, "NAME_UNKNOWN", "repository name not known to registry", await PostAsync(mirror, "mirror/check", "up/other:v1"));
        Check.Problem(400, "UNSUPPORTED", "malformed request", await PostAsync(mirror, "mirror/check", "up/team/app"));
        mirror.Host.ReadOnly.TurnOn();
        var refused = await PostAsync(mirror, "mirror/forget", "up/team/app");
        Check.Status(405, refused);
        Assert.NotNull(refused["Allow"]);
    }

    private static Task<Answer> PostAsync(TestRegistry mirror, string route, string image) =>
        mirror.Client.RequestAsync("POST", $"/api/v1/{route}?image={image}", "{}"u8.ToArray(), Json);

    private static async Task<JsonElement> StatusAsync(TestRegistry mirror) =>
        Assert.Single(Check.Status(200, await mirror.Client.GetAnswerAsync("/api/v1/mirror")).Json.GetProperty("upstreams").EnumerateArray());

    private static async Task<(string? Was, string? Is)> CheckAsync(TestRegistry mirror, string image)
    {
        var checkedTag = Check.Status(200, await PostAsync(mirror, "mirror/check", image)).Json;
        Assert.False(checkedTag.TryGetProperty("stale", out _));
        return (checkedTag.GetProperty("was").GetString(), checkedTag.GetProperty("is").GetString());
    }

    private static async Task<string?> PulledAsync(TestRegistry mirror, string tag) =>
        Check.Status(200, await mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{tag}"))["Docker-Content-Digest"];

    private static async Task PullAsync(TestRegistry mirror, TestImage image, string reference)
    {
        Check.Status(200, await mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{reference}"));
        foreach (var blob in image.Blobs)
        {
            Check.Status(200, await mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{blob.Digest}"));
            await Eventually.HoldsAsync(
                async () => await mirror.Host.Storage.Metadata.FindBlobAsync(RepositoryName.Parse("up/team/app"), Digest.Parse(blob.Digest)) is not null, "the blob is stored");
        }
    }

    // A passing fault would be tried again, by a clock that stands still here.
    private static void Cut(MirroredUpstream upstream) => upstream.Relay.AnswerWith(503, ("Retry-After", "60"));

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private static long Number(JsonElement json, string name) => json.GetProperty(name).GetInt64();
}
