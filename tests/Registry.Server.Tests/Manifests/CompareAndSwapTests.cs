using System.Collections.Concurrent;

namespace Registry.Server.Tests.Manifests;

/// <summary>RFC 9110, section 13.1: If-Match and If-None-Match make PUT and DELETE of a reference conditional on its current state.</summary>
public sealed class CompareAndSwapTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const string Nothing = "\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"";

    [Fact]
    public async Task If_None_Match_star_creates_a_tag_and_never_moves_it()
    {
        var (first, second) = await TwoAsync("cas/create");

        Check.Status(201, await fixture.Client.PutManifestAsync("cas/create", "t", first, ("If-None-Match", "*")));
        AssertRefused(await fixture.Client.PutManifestAsync("cas/create", "t", second, ("If-None-Match", "*")));
        AssertRefused(await fixture.Client.PutManifestAsync("cas/create", "t", first, ("If-None-Match", "*")));

        await AssertTagAsync("cas/create", first);
    }

    [Fact]
    public async Task If_Match_moves_a_tag_only_from_where_the_client_saw_it()
    {
        var (first, second) = await TwoAsync("cas/move");
        AssertRefused(await fixture.Client.PutManifestAsync("cas/move", "t", first, ("If-Match", "*")));
        AssertRefused(await fixture.Client.PutManifestAsync("cas/move", "t", first, ("If-Match", $"\"{first.Digest}\"")));
        Check.Status(404, await fixture.Client.HeadAnswerAsync("/v2/cas/move/manifests/t"));
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/move", "t", first));

        AssertRefused(await fixture.Client.PutManifestAsync("cas/move", "t", second, ("If-Match", $"\"{second.Digest}\"")));
        AssertRefused(await fixture.Client.PutManifestAsync("cas/move", "t", second, ("If-Match", Nothing)));
        await AssertTagAsync("cas/move", first);
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/move", "t", second, ("If-Match", $"{Nothing}, \"{first.Digest}\"")));
        await AssertTagAsync("cas/move", second);
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/move", "t", first, ("If-Match", "*")));
        await AssertTagAsync("cas/move", first);
    }

    // RFC 9110, sections 13.1.1 and 13.1.2: If-Match compares strongly, If-None-Match weakly.
    [Fact]
    public async Task A_weak_entity_tag_never_matches_for_If_Match_and_does_for_If_None_Match()
    {
        var (first, second) = await TwoAsync("cas/weak");
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/weak", "t", first));

        AssertRefused(await fixture.Client.PutManifestAsync("cas/weak", "t", second, ("If-Match", $"W/\"{first.Digest}\"")));
        AssertRefused(await fixture.Client.PutManifestAsync("cas/weak", "t", second, ("If-Match", "\"*\"")));
        AssertRefused(await fixture.Client.PutManifestAsync("cas/weak", "t", second, ("If-None-Match", $"W/\"{first.Digest}\"")));
        AssertRefused(await fixture.Client.RequestAsync("DELETE", "/v2/cas/weak/manifests/t", null, ("If-Match", $"W/\"{first.Digest}\"")));
        await AssertTagAsync("cas/weak", first);
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/weak", "t", second, ("If-None-Match", $"W/\"{second.Digest}\", \"*\"")));
        await AssertTagAsync("cas/weak", second);
    }

    [Fact]
    public async Task If_None_Match_with_a_digest_refuses_to_repeat()
    {
        var (first, second) = await TwoAsync("cas/repeat");
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/repeat", "t", first, ("If-None-Match", $"\"{first.Digest}\"")));

        AssertRefused(await fixture.Client.PutManifestAsync("cas/repeat", "t", second, ("If-None-Match", $"\"{first.Digest}\"")));
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/repeat", "t", second, ("If-None-Match", $"\"{second.Digest}\"")));
    }

    [Fact]
    public async Task A_push_by_digest_can_be_conditional_too()
    {
        var (first, _) = await TwoAsync("cas/digest");
        var fresh = TestImage.Index([]);

        AssertRefused(await fixture.Client.PutManifestAsync("cas/digest", first.Digest, first, ("If-None-Match", "*")));
        AssertRefused(await fixture.Client.PutManifestAsync("cas/digest", fresh.Digest, fresh, ("If-Match", "*")));
        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/cas/digest/manifests/{fresh.Digest}"));
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/digest", fresh.Digest, fresh, ("If-None-Match", "*")));
    }

    [Fact]
    public async Task DELETE_of_a_tag_honours_both()
    {
        var (first, second) = await TwoAsync("cas/delete");
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/delete", "t", first));

        AssertRefused(await DeleteAsync("t", ("If-Match", $"\"{second.Digest}\"")));
        AssertRefused(await DeleteAsync("t", ("If-None-Match", "*")));
        AssertRefused(await DeleteAsync("t", ("If-None-Match", $"\"{first.Digest}\"")));
        await AssertTagAsync("cas/delete", first);
        Check.Status(202, await DeleteAsync("t", ("If-Match", $"\"{first.Digest}\"")));
        Check.Status(404, await DeleteAsync("t", ("If-Match", $"\"{first.Digest}\"")));

        AssertRefused(await DeleteAsync(first.Digest, ("If-Match", $"\"{second.Digest}\"")));
        AssertRefused(await DeleteAsync(first.Digest, ("If-None-Match", "*")));
        Check.Status(202, await DeleteAsync(first.Digest, ("If-Match", "*")));
        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/cas/delete/manifests/{first.Digest}"));

        Task<Answer> DeleteAsync(string reference, (string, string) header) =>
            fixture.Client.RequestAsync("DELETE", $"/v2/cas/delete/manifests/{reference}", null, header);
    }

    [Fact]
    public async Task Of_64_writers_that_saw_the_same_exactly_one_wins_each_round()
    {
        var images = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => fixture.Client.PushAsync("cas/race", TestImage.Index([]))));
        string? seen = null;
        for (var round = 0; round < 10; round++)
        {
            var candidates = images.Where(image => image.Digest != seen).ToList();
            var condition = seen is null ? ("If-None-Match", "*") : ("If-Match", $"\"{seen}\"");

            var answers = await Task.WhenAll(candidates.Select(image => fixture.Client.PutManifestAsync("cas/race", "t", image, condition)));

            Assert.All(answers, answer => Assert.Contains(answer.Status, (int[])[201, 412]));
            seen = Assert.Single(answers, answer => answer.Status == 201)["Docker-Content-Digest"];
            Assert.Equal(seen, (await fixture.Client.HeadAnswerAsync("/v2/cas/race/manifests/t"))["Docker-Content-Digest"]);
        }
    }

    [Fact]
    public async Task A_counter_that_64_writers_raise_at_once_loses_no_step()
    {
        // Each writer appends itself to an index under a tag, as clients do that keep a list of referrers.
        var children = Enumerable.Range(0, 64).Select(_ => TestImage.Index([])).ToList();
        Check.Status(201, await fixture.Client.PutManifestAsync("cas/list", "list", TestImage.Index([])));
        var retries = new ConcurrentBag<int>();

        await Task.WhenAll(children.Select(async child =>
        {
            for (var attempt = 0; ; attempt++)
            {
                var current = Check.Status(200, await fixture.Client.GetAnswerAsync("/v2/cas/list/manifests/list"));
                var digests = current.Json.GetProperty("manifests").EnumerateArray().Select(item => item.GetProperty("digest").GetString());
                var next = TestImage.Index([.. children.Where(known => digests.Contains(known.Digest)), child]);
                var put = await fixture.Client.PutManifestAsync("cas/list", "list", next, ("If-Match", current["ETag"]!));
                if (put.Status == 201)
                {
                    retries.Add(attempt);
                    return;
                }

                AssertRefused(put);
            }
        }));

        var list = await fixture.Client.GetAnswerAsync("/v2/cas/list/manifests/list");
        Assert.Equal(
            children.Select(child => child.Digest).Order(StringComparer.Ordinal),
            list.Json.GetProperty("manifests").EnumerateArray().Select(item => item.GetProperty("digest").GetString()!).Order(StringComparer.Ordinal));
    }

    private static void AssertRefused(Answer answer) => Check.Error(412, "MANIFEST_INVALID", "precondition failed", answer);

    private async Task<(TestImage First, TestImage Second)> TwoAsync(string repository) =>
        (await fixture.Client.PushAsync(repository, TestImage.Create()), await fixture.Client.PushAsync(repository, TestImage.Create()));

    private async Task AssertTagAsync(string repository, TestImage image) =>
        Assert.Equal(image.Digest, (await fixture.Client.HeadAnswerAsync($"/v2/{repository}/manifests/t"))["Docker-Content-Digest"]);
}
