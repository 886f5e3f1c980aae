using System.Globalization;
using System.Text.Json;
using Registry.Core.Changes;
using Registry.Server.Tests.Maintenance;
using Registry.Storage.Testing;

namespace Registry.Server.Tests.Policies;

/// <summary>Retention of a registry as teams use it. RETENTION_TAGS sets the number of tags: 10,000 in its long form.</summary>
public sealed class RetentionTests
{
    private const int Newest = 20;

    private const string Rules =
        """
        {
          "rules": [
            { "repository": "ci/**", "keep": { "newest": 20, "pulledWithin": "30d" }, "delete": { "untaggedAfter": "7d" } },
            { "repository": "ci/**", "keep": { "tagged": ["release-*"] } }
          ]
        }
        """;

    private static int Tags => Environment.GetEnvironmentVariable("RETENTION_TAGS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 240;

    [Fact]
    public async Task Nothing_breaks_that_a_kept_tag_or_digest_needs()
    {
        using var folder = new PolicyFolder(Rules);
        var clock = new SkippingClock();
        await using var maintained = await MaintainedRegistry.StartAsync(folder.Configure, clock);
        var core = maintained.Registry.Host.Core;
        await core.Pulls.SaveAsync();
        var registry = new RetainedRegistry(maintained.Admin);
        var repositories = Math.Clamp(Tags / 80, 1, 20);
        await Parallel.ForAsync(0, repositories, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) => await registry.PushAsync($"ci/app{i}", Tags / repositories));
        await registry.PushAsync("kept/app", 40);

        // The first day: whatever was pulled before is not known.
        await SkipAsync(TimeSpan.FromHours(20));
        var first = await RunAsync(maintained, "retention");
        Assert.Empty(first.Deleted);
        Assert.Equal(0, first.Left);

        await SkipAsync(TimeSpan.FromDays(4));
        var ci = registry.Images.Where(image => image.Repository != "kept/app").OrderBy(image => image.Image.Digest, StringComparer.Ordinal).ToList();
        await PullSomeAsync(maintained.Admin, ci.Where((_, i) => i % 9 == 4));
        await SkipAsync(TimeSpan.FromDays(20));
        var pulled = ci.Where((_, i) => i % 9 == 1).ToHashSet();
        await PullSomeAsync(maintained.Admin, pulled);
        await core.Pulls.SaveAsync();
        await SkipAsync(TimeSpan.FromDays(20));

        var kept = ci.GroupBy(image => image.Repository).SelectMany(group => FindKept([.. group], pulled)).ToHashSet();
        var preview = await RunAsync(maintained, "retention?dryRun=true");
        var decided = new List<Outcome>();
        foreach (var repository in ci.Select(image => image.Repository).Distinct())
        {
            decided.Add(await RunAsync(maintained, $"retention?dryRun=true&repository={repository}"));
        }

        // The lists of all repositories together end at a limit in the long form.
        var (deleted, stays) = (decided.SelectMany(one => one.Deleted).ToHashSet(), decided.SelectMany(one => one.Kept).ToHashSet());
        AssertDecided(ci, kept, deleted, stays);
        AssertListed(preview, deleted, stays);
        if (preview.Objection is not null)
        {
            var refused = await maintained.RunJobAsync("retention");
            Assert.Equal("failed", refused.GetProperty("state").GetString());
            Assert.Equal(
                $"{preview.Objection}. Nothing was deleted. 'registry policy preview' lists what would be deleted, 'registry policy run --yes' deletes it", refused.GetProperty("outcome").GetString());
        }

        var run = await RunAsync(maintained, "retention?yes=true");
        AssertListed(run, deleted, stays);
        Assert.Equal(0, run.Left);
        await AssertRecordedAsync(maintained, deleted);
        Assert.Empty((await RunAsync(maintained, "retention?dryRun=true")).Deleted);

        // The trash goes, and then all that only the trash has held.
        for (var i = 0; i < 5; i++)
        {
            await SkipAsync(TimeSpan.FromDays(8));
            Assert.Equal("succeeded", (await maintained.RunJobAsync("gc?force=true")).GetProperty("state").GetString());
        }

        await Parallel.ForEachAsync(
            kept.Concat(registry.Images.Where(image => image.Repository == "kept/app")), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (image, _) => await registry.PullAsync(image));
        foreach (var image in ci.Except(kept))
        {
            Check.Status(404, await maintained.Admin.GetAnswerAsync($"/v2/{image.Repository}/manifests/{image.Tag ?? image.Image.Digest}"));
            foreach (var content in new[] { image.Image, image.TagSignature, image.Referrer, image.Sbom }.OfType<TestImage>().SelectMany(one => one.Children.Prepend(one)))
            {
                Check.Status(404, await maintained.Admin.GetAnswerAsync($"/v2/{image.Repository}/manifests/{content.Digest}"));
                if (content.Blobs.Count > 0)
                {
                    Check.Status(404, await maintained.Admin.GetAnswerAsync($"/v2/{image.Repository}/blobs/{content.Blobs[0].Digest}"));
                }
            }
        }

        // With PostgreSQL, grace periods follow its clock.
        async Task SkipAsync(TimeSpan skipped)
        {
            clock.Skip(skipped);
            if (folder.Database is { } database)
            {
                await SharedDatabase.AdvanceAsync(database, skipped);
            }
        }
    }

    [Fact]
    public async Task What_is_pushed_again_beside_a_run_is_kept()
    {
        using var folder = new PolicyFolder("""{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1, "pulledWithin": "1d" } }] }""");
        var clock = new SkippingClock();
        await using var maintained = await MaintainedRegistry.StartAsync(folder.Configure, clock);
        await maintained.Registry.Host.Core.Pulls.SaveAsync();
        var images = new List<TestImage>();
        for (var i = 0; i < 200; i++)
        {
            images.Add(await maintained.Admin.PushAsync("ci/app", TestImage.Create(layerSize: 100), $"t{i}"));
        }

        clock.Skip(TimeSpan.FromDays(2));
        var job = Check.Status(202, await maintained.StartJobAsync("retention?yes=true")).Json.GetProperty("id").GetInt64();
        var again = Enumerable.Range(0, images.Count).Where(i => i % 2 == 0).Reverse().ToList();
        foreach (var i in again)
        {
            await maintained.Admin.PushAsync("ci/app", images[i], $"t{i}");
        }

        Assert.Equal("succeeded", (await maintained.EndOfAsync(job)).GetProperty("state").GetString());
        foreach (var i in again)
        {
            Check.Status(200, await maintained.Admin.GetAnswerAsync($"/v2/ci/app/manifests/t{i}"));
        }

        Check.Status(404, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/t1"));
    }

    [Fact]
    public async Task The_registry_runs_the_rules_once_a_day_by_itself_from_a_day_after_the_first_one()
    {
        using var folder = new PolicyFolder("""{ "rules": [] }""");
        var clock = new SkippingClock();
        await using var maintained = await MaintainedRegistry.StartAsync(folder.Configure, clock);
        var retention = maintained.Registry.Host.Core.Retention;
        Assert.False(await retention.IsDueAsync());
        folder.Write("""{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1 } }] }""");
        maintained.Registry.Host.Reload();
        await maintained.Admin.PushAsync("ci/app", TestImage.Create(), "v1");
        await maintained.Admin.PushAsync("ci/app", TestImage.Create(), "v2");

        Assert.False(await retention.IsDueAsync());
        clock.Skip(TimeSpan.FromHours(23));
        Assert.False(await retention.IsDueAsync());
        clock.Skip(TimeSpan.FromHours(2));
        Assert.True(await retention.IsDueAsync());
        await retention.RunDueAsync(CancellationToken.None);

        Assert.False(await retention.IsDueAsync());
        Check.Status(404, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/v1"));
        Check.Status(200, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/v2"));
        Assert.Contains(maintained.Registry.Log.Entries, entry => entry.Message.StartsWith("Retention: 1 repositories with rules, 1 tags and 0 untagged manifests deleted", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_implausible_run_deletes_nothing_and_asks()
    {
        using var folder = new PolicyFolder("""{ "rules": [{ "repository": "ci/**", "keep": { "tagged": ["mian"] } }] }""");
        await using var maintained = await MaintainedRegistry.StartAsync(folder.Configure);
        var image = await maintained.Admin.PushAsync("ci/app", TestImage.Create(), "main");
        for (var i = 0; i < 60; i++)
        {
            Check.Status(201, await maintained.Admin.PutManifestAsync("ci/app", $"t{i}", image));
        }

        await maintained.Registry.Host.Core.Retention.RunDueAsync(CancellationToken.None);

        Check.Status(200, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/main"));
        Assert.Contains(maintained.Registry.Log.Entries, entry => entry.Message.StartsWith("Retention would delete 61 of 61 tags of rule 1", StringComparison.Ordinal));
        Assert.Equal(
            "61 of 61 tags of rule 1 (line 1: \"ci/**\") would be deleted, more than half. Nothing was deleted. 'registry policy preview' lists what would be deleted, 'registry policy run --yes' deletes it",
            (await maintained.RunJobAsync("retention")).GetProperty("outcome").GetString());
        Assert.Equal("61 tags and 0 untagged manifests deleted, 0 kept, in 1 repository with rules about retention.", (await maintained.RunJobAsync("retention?yes=true")).GetProperty("outcome").GetString());
        Check.Status(404, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/main"));
    }

    [Theory]
    [InlineData("retention?dryRun=true&yes=true", "dryRun cannot be combined with yes")]
    [InlineData("retention?repository=ci/app", "repository needs dryRun: a run is about all repositories")]
    [InlineData("retention?dryRun=true&repository=A", "repository is 'A'; it must be the name of a repository, such as team/app")]
    public async Task Wrong_parameters_are_named(string job, string detail)
    {
        await using var maintained = await MaintainedRegistry.StartAsync();

        Check.Problem(400, "UNSUPPORTED", "malformed request", detail, await maintained.StartJobAsync(job));
        Assert.Equal(
            "no rule is about retention; REGISTRY_POLICY_CONFIG names a file of rules, in which 'keep' or 'delete' says what stays", (await maintained.RunJobAsync("retention")).GetProperty("outcome").GetString());
    }

    // What the rules keep, computed in another way than the registry does.
    private static IEnumerable<RetainedImage> FindKept(List<RetainedImage> images, HashSet<RetainedImage> pulled)
    {
        var nightly = images.Where(image => image.Tag is not null).OrderBy(image => Order(image.Tag!, images), StringComparer.Ordinal).TakeLast(Newest).ToHashSet();
        return images.Where(image => pulled.Contains(image) || (image.Tag is { } tag && (tag.StartsWith("release-", StringComparison.Ordinal) || nightly.Contains(image))));
    }

    // The nightly tag was last pushed after the last build whose number ends in 5.
    private static string Order(string tag, List<RetainedImage> images) => tag == "nightly"
        ? $"{images.Where(image => image.Tag is not null && image.Tag != "nightly").Select(image => image.Tag!.Split('-')[1]).Where(number => number.EndsWith('5')).Max(StringComparer.Ordinal)}+"
        : tag.Split('-')[1];

    // By tag, by HEAD of the tag alone, by the digest, by that of a platform, or of the signature.
    private static Task PullSomeAsync(HttpClient client, IEnumerable<RetainedImage> images) => Parallel.ForEachAsync(
        images.Select((image, i) => (image, i)), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (one, _) =>
        {
            var (image, i) = one;
            var reference = (i % 4) switch
            {
                0 => image.Tag ?? image.Image.Digest,
                1 => image.Image.Digest,
                2 when image.Image.Children.Count > 0 => image.Image.Children[^1].Digest,
                3 when image.TagSignature is not null => image.SignatureTag,
                _ => image.Tag ?? image.Image.Digest,
            };
            Check.Status(200, await client.RequestAsync(i % 3 == 0 ? "GET" : "HEAD", $"/v2/{image.Repository}/manifests/{reference}"));
        });

    private static void AssertListed(Outcome outcome, HashSet<string> deleted, HashSet<string> kept)
    {
        const int Listed = 20_000;
        Assert.Equal((deleted.Count, kept.Count), (outcome.AllDeleted, outcome.AllKept));
        Assert.Equal((Math.Min(Listed, deleted.Count), Math.Min(Listed, kept.Count)), (outcome.Deleted.Count, outcome.Kept.Count));
        Assert.Empty(outcome.Deleted.Except(deleted));
        Assert.Empty(outcome.Kept.Except(kept));
    }

    private static void AssertDecided(IEnumerable<RetainedImage> images, HashSet<RetainedImage> kept, HashSet<string> allDeleted, HashSet<string> allKept)
    {
        var (deleted, stays) = (Names(allDeleted), Names(allKept));
        foreach (var image in images)
        {
            var (expected, other) = kept.Contains(image) ? (stays, deleted) : (deleted, stays);
            foreach (var name in new[] { NameOf(image.Repository, image.Tag, image.Image), image.TagSignature is { } signature ? NameOf(image.Repository, image.SignatureTag, signature) : null }
                .Concat(image.Image.Children.Concat(new[] { image.Referrer, image.Sbom }.OfType<TestImage>()).Select(one => NameOf(image.Repository, null, one))).OfType<string>())
            {
                Assert.Contains(name, expected);
                Assert.DoesNotContain(name, other);
            }
        }

        static HashSet<string> Names(IEnumerable<string> decisions) => [.. decisions.Select(decision => decision.Split(' ')[0])];

        static string NameOf(string repository, string? tag, TestImage image) => tag is null ? $"{repository}@{image.Digest}" : $"{repository}:{tag}@{image.Digest}";
    }

    // Each deletion has its reason in the history.
    private static async Task AssertRecordedAsync(MaintainedRegistry maintained, IEnumerable<string> deleted)
    {
        var reasons = deleted.Select(decision => decision.Split(' ', 2)).ToDictionary(decision => decision[0], decision => decision[1]);
        var found = 0;
        foreach (var change in (await maintained.ReadChangesAsync()).Where(change => change.Origin.Source == ChangeSource.Retention))
        {
            Assert.Equal(ChangeOrigin.Retention("admin"), change.Origin);
            var name = change.Tag is { } tag ? $"{change.Repository}:{tag}@{change.Previous}" : $"{change.Repository}@{change.Digest}";
            if (reasons.TryGetValue(name, out var reason))
            {
                Assert.Equal(reason, change.Reason);
                found++;
            }
            else
            {
                Assert.True(change.Kind is ChangeKind.ManifestRemoved or ChangeKind.TagForgotten, $"{change}");
            }
        }

        // What goes with an index or subject has no change of its own.
        Assert.Equal(reasons.Values.Count(reason => !reason.StartsWith("goes with ", StringComparison.Ordinal)), found);
    }

    private static async Task<Outcome> RunAsync(MaintainedRegistry maintained, string job)
    {
        var ended = await maintained.RunJobAsync(job);
        Assert.True(ended.GetProperty("state").GetString() == "succeeded", ended.GetProperty("outcome").GetString());
        var report = ended.GetProperty("report").GetProperty("retained");
        var counts = report.GetProperty("counts");
        return new Outcome(Read(report, "deleted"), Read(report, "kept"), report.GetProperty("objection").GetString())
        {
            Left = counts.GetProperty("left").GetInt64(),
            AllDeleted = counts.GetProperty("tags").GetInt32() + counts.GetProperty("manifests").GetInt32(),
            AllKept = counts.GetProperty("kept").GetInt32(),
        };
    }

    private static List<string> Read(JsonElement report, string list) =>
    [
        .. report.GetProperty(list).EnumerateArray().Select(decision =>
            $"{decision.GetProperty("repository").GetString()}{(decision.TryGetProperty("tag", out var tag) ? $":{tag.GetString()}" : "")}@{decision.GetProperty("digest").GetString()} {decision.GetProperty("reason").GetString()}"),
    ];

    private sealed record Outcome(IReadOnlyList<string> Deleted, IReadOnlyList<string> Kept, string? Objection)
    {
        public long Left { get; init; }

        public int AllDeleted { get; init; }

        public int AllKept { get; init; }
    }
}
