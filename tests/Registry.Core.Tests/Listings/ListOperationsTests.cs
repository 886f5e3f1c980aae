using CsCheck;
using Registry.Core.Access;
using Registry.Core.Access.Identities;
using Registry.Core.Access.Rules;
using Registry.Core.Listings;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Listings;

public sealed class ListOperationsTests
{
    private const int MaxLimit = 8;

    private static readonly string[] Names =
        [.. from team in new[] { "a", "ab", "b", "z" } from rest in new[] { "", "/a", "/a/b", "/b", "-a", "0", "/z" } select team + rest];

    private static readonly Gen<AccessRule> Rule = Gen.Select(
        Gen.Char["ab/*z"].Array[1, 5].Select(characters => RepositoryPattern.TryParse(new string(characters))!).Where(pattern => pattern is not null),
        Gen.OneOfConst("alice", "bob", AccessRules.Everybody, AccessRules.AnonymousUser),
        Gen.OneOfConst(RepositoryActions.None, RepositoryActions.Pull, RepositoryActions.Push, RepositoryActions.All),
        (pattern, user, permissions) => new AccessRule(pattern, [user], permissions, 1));

    private static readonly Gen<AccessRules> Rules = Gen.Select(
        Gen.Bool, Rule.Array[0, 6], (allows, rules) => new AccessRules { AllowsByDefault = allows, Rules = rules });

    [Fact]
    public async Task The_catalog_is_what_the_rules_leave_of_all_repositories()
    {
        await using var registry = await TestStorage.CreateAsync();
        foreach (var name in Names)
        {
            await registry.PutAsync(Samples.Repository(name), Samples.Index([]));
        }

        var lists = new ListOperations(registry.Storage.Metadata, MaxLimit, MaxLimit);
        await Gen.Select(
            Rules, Gen.OneOfConst("alice", "carol", null), Gen.Int[1, MaxLimit], Gen.OneOfConst(AuthenticationKind.Basic, AuthenticationKind.None))
            .SampleAsync(async (rules, user, limit, kind) =>
            {
                var authorizer = new Authorizer(kind, () => rules);
                var visible = Names.Order(StringComparer.Ordinal).Where(name => authorizer.MayList(new Identity(user), Samples.Repository(name)));
                Assert.Equal(visible, await WalkAsync(lists, authorizer, new Identity(user), limit));
            });
    }

    [Fact]
    public void Ranges_are_in_order_and_do_not_overlap() => Gen.Select(Rules, Gen.OneOfConst("alice", null), Gen.Bool).Sample((rules, user, isOpen) =>
    {
        var ranges = rules.PullRanges(user, isOpen);
        return ranges.All(range => !range.IsEmpty)
            && ranges.Zip(ranges.Skip(1)).All(pair => string.CompareOrdinal(pair.First.End, pair.Second.Start) <= 0);
    });

    [Fact]
    public void A_caller_who_may_see_little_has_little_looked_at()
    {
        var rules = new AccessRules
        {
            AllowsByDefault = true,
            Rules =
            [
                Allow("platform/base"),
                new AccessRule(RepositoryPattern.TryParse("secret/**")!, [AccessRules.Everybody], RepositoryActions.None, 1),
                Allow("team-x/**"),
                new AccessRule(RepositoryPattern.TryParse("**")!, [AccessRules.Everybody], RepositoryActions.Push, 1),
                Allow("never/**"),
            ],
        };
        Assert.Equal(
            [RepositoryRange.Of("platform/base"), RepositoryRange.StartingWith("team-x/")], rules.PullRanges("alice", isOpen: false));
        Assert.Equal([RepositoryRange.All], (rules with { AdminUsers = new HashSet<string> { "root" } }).PullRanges("root", isOpen: false));

        static AccessRule Allow(string pattern) =>
            new(RepositoryPattern.TryParse(pattern)!, [AccessRules.Everybody], RepositoryActions.Pull, 1);
    }

    private static async Task<List<string>> WalkAsync(ListOperations lists, Authorizer authorizer, Identity identity, int limit)
    {
        var seen = new List<string>();
        Page<string> page;
        do
        {
            page = (await lists.ListRepositoriesAsync(
                seen.LastOrDefault(), limit, authorizer.ListableRanges(identity), name => authorizer.MayList(identity, name))).Value;
            Assert.True(page.HasMore ? page.Items.Count == limit : page.Items.Count <= limit);
            seen.AddRange(page.Items);
        }
        while (page.HasMore);
        return seen;
    }
}
