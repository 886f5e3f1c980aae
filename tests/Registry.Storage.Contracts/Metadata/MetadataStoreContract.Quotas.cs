using Registry.Core.Access.Rules;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Quotas: what repositories refer to, each digest once, and pushes at the same time.</summary>
public abstract partial class MetadataStoreContract
{
    private const int Pushes = 32;

    [Fact]
    public async Task A_push_that_exceeds_a_quota_is_refused_and_a_deletion_makes_room()
    {
        var first = await PushImageAsync(A, "first", "v1");
        var used = first.Length + "first config".Length + "first layer".Length;
        var other = await LinkedImageAsync(B, "other");
        SetQuota("**", used + SizeOf("other", other) - 1);

        Assert.Same(RegistryErrorCode.QuotaExceeded, (await Metadata.PutManifestAsync(Samples.Put(B, other, "v1"))).Error?.Code);
        Assert.Null(await FindAsync(B, "v1"));
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, first, "v2"))).Error);

        // What is in the trash counts apart.
        Assert.Null((await Metadata.DeleteManifestAsync(A, Samples.Digest(first), Precondition.None, ContractOrigin.Request, toTrash: true)).Error);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(B, other, "v1"))).Error);
        Assert.Same(RegistryErrorCode.QuotaExceeded, (await Metadata.PutManifestAsync(Samples.Put(A, first))).Error?.Code);
        await DeleteAsync(B, Samples.Digest(other));
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, first))).Error);
    }

    [Fact]
    public async Task Each_digest_counts_once_a_repository()
    {
        var image = await LinkedImageAsync(A, "shared");
        var again = Samples.Image("shared config", [Samples.Layer("shared layer")], note: "again");
        var index = Samples.Index([Samples.Child(image), Samples.Child(again)]);
        var all = SizeOf("shared", image) + again.Length + index.Length;
        SetQuota("a*", all);

        foreach (var manifest in new[] { image, again, index })
        {
            Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, manifest))).Error);
        }

        Assert.Same(RegistryErrorCode.QuotaExceeded, (await Metadata.CheckQuotaAsync(A, 1, ContractOrigin.Request))?.Code);

        // The index holds the children, and the second one the blobs.
        await DeleteAsync(A, Samples.Digest(image));
        Assert.Same(RegistryErrorCode.QuotaExceeded, (await Metadata.CheckQuotaAsync(A, 1, ContractOrigin.Request))?.Code);
        await DeleteAsync(A, Samples.Digest(index));
        Assert.Null(await Metadata.CheckQuotaAsync(A, image.Length + index.Length, ContractOrigin.Request));
        Assert.Same(RegistryErrorCode.QuotaExceeded, (await Metadata.CheckQuotaAsync(A, image.Length + index.Length + 1, ContractOrigin.Request))?.Code);
        await DeleteAsync(A, Samples.Digest(again));
        Assert.Null(await Metadata.CheckQuotaAsync(A, all, ContractOrigin.Request));
        Assert.NotNull(await Metadata.CheckQuotaAsync(A, all + 1, ContractOrigin.Request));

        // Another repository of the rule counts on its own, and one of no rule does not count.
        await PushImageAsync(B, "shared");
        Assert.Equal(SizeOf("shared", image), await UsedAsync("b/*"));
        Assert.Null(await Metadata.CheckQuotaAsync(Samples.Repository("other"), long.MaxValue, ContractOrigin.Request));
        Assert.Null(await Metadata.CheckQuotaAsync(A, long.MaxValue, ChangeOrigin.Mirror("docker.io")));
    }

    [Fact]
    public async Task A_repository_is_not_renamed_into_a_quota_that_it_would_exceed()
    {
        var image = await PushImageAsync(A, "image", "v1");
        var size = SizeOf("image", image);
        SetQuota("small/*", size - 1);
        var (small, other) = (Samples.Repository("small/a"), Samples.Repository("small/b"));

        Assert.Same(RegistryErrorCode.QuotaExceeded, (await engine.Repositories.RenameAsync(A, small, ContractOrigin.Request))?.Code);
        SetQuota("small/*", size);
        Assert.Null(await engine.Repositories.RenameAsync(A, small, ContractOrigin.Request));
        Assert.Equal(size, await UsedAsync("small/*"));
        Assert.Null(await engine.Repositories.RenameAsync(small, other, ContractOrigin.Request));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pushes_at_the_same_time_do_not_exceed_a_quota(bool isSameRepository)
    {
        var images = new List<(RepositoryName Repository, byte[] Image)>();
        for (var i = 0; i < Pushes; i++)
        {
            var repository = isSameRepository ? A : Samples.Repository($"race/r{i}");
            images.Add((repository, await LinkedImageAsync(repository, $"i{i:00}")));
        }

        var size = SizeOf("i00", images[0].Image);
        Assert.All(images, image => Assert.Equal(size, SizeOf("i00", image.Image)));
        SetQuota(isSameRepository ? A.Value : "race/**", (10 * size) + 1);

        var answers = await Task.WhenAll(images.Select(image => Task.Run(() => Metadata.PutManifestAsync(Samples.Put(image.Repository, image.Image)))));

        Assert.Equal(10, answers.Count(answer => answer.Error is null));
        Assert.All(answers.Where(answer => answer.Error is not null), answer => Assert.Same(RegistryErrorCode.QuotaExceeded, answer.Error?.Code));
        Assert.Equal(10 * size, await UsedAsync(isSameRepository ? A.Value : "race/**"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Small_pushes_at_the_same_time_share_a_quota_that_is_far_and_do_not_exceed_one_that_is_near(bool isNear)
    {
        // Each adds less than a ten-thousandth of the quota. Far below it they share it, until those before them have brought it near.
        const int Fitting = 10;
        var images = new List<(RepositoryName Repository, byte[] Image)>();
        for (var i = 0; i < Pushes; i++)
        {
            var repository = Samples.Repository($"race/r{i}");
            images.Add((repository, await LinkedImageAsync(repository, $"i{i:00}")));
        }

        var size = SizeOf("i00", images[0].Image);
        var quota = 20_000 * size;
        var before = isNear ? quota - (Fitting * size) - 1 : (quota / 10 * 9) - (Fitting * size);
        await FillAsync(Samples.Repository("race/large"), before);
        SetQuota("race/**", quota);

        var answers = await Task.WhenAll(images.Select(image => Task.Run(() => Metadata.PutManifestAsync(Samples.Put(image.Repository, image.Image)))));

        var fitting = isNear ? Fitting : Pushes;
        Assert.Equal(fitting, answers.Count(answer => answer.Error is null));
        Assert.All(answers.Where(answer => answer.Error is not null), answer => Assert.Same(RegistryErrorCode.QuotaExceeded, answer.Error?.Code));
        Assert.Equal(before + (fitting * size), await UsedAsync("race/**"));
    }

    [Fact]
    public async Task What_is_used_is_that_of_the_repositories_of_the_rule_and_no_others()
    {
        Assert.Equal(0, await UsedAsync("**"));
        var image = await PushImageAsync(A, "image", "v1");
        await PushImageAsync(B, "other");

        Assert.Equal(SizeOf("image", image), await UsedAsync(A.Value));
        Assert.Equal(SizeOf("image", image), await UsedAsync("*a"));
        Assert.Equal(SizeOf("image", image), await UsedAsync("a*"));
        Assert.Equal(0, await UsedAsync("c/**"));
    }

    // With one manifest, and a layer of the bytes that are left.
    private async Task FillAsync(RepositoryName repository, long bytes)
    {
        var manifest = Samples.Image("large config", [Samples.Layer("large layer")]);
        await LinkAsync(repository, "large config");
        Assert.Null(await Metadata.LinkBlobAsync(repository, Samples.Digest("large layer"), bytes - manifest.Length - "large config".Length));
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(repository, manifest))).Error);
    }

    private static long SizeOf(string name, byte[] image) => image.Length + $"{name} config".Length + $"{name} layer".Length;

    private Task<long> UsedAsync(string pattern) => engine.Policies.ReadUsedAsync(Rule(pattern, 1));

    private void SetQuota(string pattern, long bytes) => engine.Rules.Quotas = new PolicyRules([Rule(pattern, bytes)]);

    private static PolicyRule Rule(string pattern, long bytes) => new(RepositoryPattern.TryParse(pattern)!, 1, 1) { Quota = new QuotaRule(bytes) };

    private async Task<byte[]> LinkedImageAsync(RepositoryName repository, string name)
    {
        await LinkAsync(repository, $"{name} config");
        await LinkAsync(repository, $"{name} layer");
        return Samples.Image($"{name} config", [Samples.Layer($"{name} layer")]);
    }
}
