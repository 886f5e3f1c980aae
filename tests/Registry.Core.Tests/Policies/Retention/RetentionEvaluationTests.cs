using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Retention;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Policies.Retention;

public sealed class RetentionEvaluationTests
{
    private const string Newest2 = "\"keep\": { \"newest\": 2 }";
    private const string Pulled30 = "\"keep\": { \"pulledWithin\": \"30d\" }";
    private const string Untagged7 = "\"delete\": { \"untaggedAfter\": \"7d\" }";

    private static SketchedRepository FourTags() => new SketchedRepository()
        .Add("m1").Add("m2").Add("m3").Add("m4").Set("v1", "m1", 40).Set("v2", "m2", 30).Set("v3", "m3", 20).Set("v4", "m4", 10);

    [Fact]
    public void The_newest_tags_are_kept_by_their_last_push()
    {
        Assert.Equal("v1 v2", FourTags().Deleted(Newest2));
        Assert.Equal("m1 m2", FourTags().Steps(Newest2));
        Assert.Equal("among the newest 2 of rule 1 (line 1: \"ci/**\")", FourTags().Reason("v3", Newest2));
        Assert.Equal("not kept by rule 1 (line 1: \"ci/**\"): newest 2", FourTags().Reason("v1", Newest2));
        Assert.Equal("v1 v2 v3 v4", FourTags().Deleted("\"keep\": { \"newest\": 0 }"));
        Assert.Equal("a1 a2", new SketchedRepository().Add("m").Set("a1", "m").Set("a2", "m").Set("a3", "m").Set("a4", "m").Deleted(Newest2));
    }

    [Fact]
    public void What_any_rule_keeps_is_kept()
    {
        const string Tagged = "\"keep\": { \"tagged\": [\"x*\", \"v1\"] }";

        Assert.Equal("v2", FourTags().Deleted(Newest2, Tagged));
        Assert.Equal("tagged v1 of rule 2 (line 1: \"ci/**\")", FourTags().Reason("v1", Newest2, Tagged));
        Assert.Equal(
            "not kept by rule 1 (line 1: \"ci/**\"): newest 2, nor by rule 2 (line 1: \"ci/**\"): tagged x* v1", FourTags().Reason("v2", Newest2, Tagged));
        Assert.Equal("", FourTags().Deleted("\"keep\": { \"newest\": 1 }", "\"keep\": { \"newest\": 20 }"));
    }

    [Fact]
    public void Without_a_rule_about_tags_all_of_them_are_kept()
    {
        Assert.Equal("", FourTags().Deleted(Untagged7));
        Assert.Equal("no rule says which tags of the repository are kept", FourTags().Reason("v1", Untagged7));
        Assert.Null(RetentionRules.Find(SketchedRepository.Read("\"immutableTags\": [\"*\"]"), RepositoryName.Parse("ci/app")));
        Assert.Null(RetentionRules.Find(SketchedRepository.Read(Newest2), RepositoryName.Parse("other")));
    }

    [Fact]
    public void A_tag_is_kept_when_its_manifest_was_pulled_or_pushed_within_the_time()
    {
        var sketch = new SketchedRepository().Add("old").Add("pulled", pulled: 29).Add("earlier", pulled: 31).Add("pushed", pushed: 29).Add("moved")
            .Set("old", "old").Set("pulled", "pulled").Set("earlier", "earlier").Set("pushed", "pushed").Set("moved", "moved", 29);

        Assert.Equal("earlier old", sketch.Deleted(Pulled30));
        Assert.Equal("pulled 2026-11-01 12:00 UTC, within 30d of rule 1 (line 1: \"ci/**\")", sketch.Reason("pulled", Pulled30));
        Assert.Equal("pushed 2026-11-01 12:00 UTC, within 30d of rule 1 (line 1: \"ci/**\")", sketch.Reason("moved", Pulled30));
    }

    [Theory]
    [InlineData(null, "pulls are not recorded yet, and rule 1 (line 1: \"ci/**\") keeps what was pulled within 30d")]
    [InlineData(29.0, "pulls are recorded since 2026-11-01 12:00 UTC only, and rule 1 (line 1: \"ci/**\") keeps what was pulled within 30d")]
    [InlineData(-1.0, "pulls are recorded since 2026-12-01 12:00 UTC only, and rule 1 (line 1: \"ci/**\") keeps what was pulled within 30d")]
    public void Everything_is_kept_until_pulls_are_recorded_for_the_whole_time(double? recorded, string reason)
    {
        var sketch = FourTags();
        sketch.RecordedBefore = recorded;

        Assert.Equal("", sketch.Deleted(Pulled30));
        Assert.Equal(reason, sketch.Reason("v1", Pulled30));
    }

    [Fact]
    public void An_index_is_kept_with_its_platforms_when_one_of_them_was_pulled_by_digest()
    {
        var sketch = new SketchedRepository().Add("amd64", pulled: 1).Add("arm64").Add("index").Add("sbom", subject: "arm64").Add("other").List("index", "amd64", "arm64")
            .Set("v1", "index").Set("v2", "other");

        Assert.Equal("v2", sketch.Deleted(Pulled30));
        Assert.Equal($"its part {SketchedRepository.Digest("amd64")} was pulled 2026-11-29 12:00 UTC, within 30d of rule 1 (line 1: \"ci/**\")", sketch.Reason("v1", Pulled30));
        Assert.Equal($"listed by the index {SketchedRepository.Digest("index")}, which is kept", sketch.Reason("arm64", Pulled30));
        Assert.Equal($"a referrer of {SketchedRepository.Digest("arm64")}, which is kept", sketch.Reason("sbom", Pulled30));
    }

    [Fact]
    public void Platforms_and_referrers_go_with_the_index_and_stay_for_another_one()
    {
        var sketch = new SketchedRepository().Add("shared").Add("own").Add("old").Add("new").Add("sbom", subject: "old").List("old", "shared", "own").List("new", "shared")
            .Set("v1", "old", 50).Set("v2", "new", 10);

        Assert.Equal("own sbom v1", sketch.Deleted("\"keep\": { \"newest\": 1 }"));
        Assert.Equal("old", sketch.Steps("\"keep\": { \"newest\": 1 }"));
        Assert.Equal($"goes with {SketchedRepository.Digest("old")}, which is deleted", sketch.Reason("own", "\"keep\": { \"newest\": 1 }"));
    }

    [Fact]
    public void A_tag_goes_alone_when_its_manifest_is_kept()
    {
        var sketch = new SketchedRepository().Add("amd64").Add("index").Add("two").List("index", "amd64")
            .Set("v1-amd64", "amd64", 50).Set("v1", "index", 10).Set("a", "two", 60).Set("b", "two", 5);

        Assert.Equal("a v1-amd64", sketch.Deleted(Newest2));
        Assert.Equal([":a", ":v1-amd64"], sketch.Steps(Newest2).Split(' ').Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_manifest_goes_after_all_that_hold_it()
    {
        var sketch = new SketchedRepository().Add("amd64").Add("index").Add("outer").List("index", "amd64").List("outer", "index", "amd64")
            .Set("p", "amd64", 50).Set("i", "index", 60).Set("o", "outer", 40);

        Assert.Equal("outer index amd64", sketch.Steps("\"keep\": { \"newest\": 0 }"));
    }

    [Fact]
    public void Signatures_live_with_their_image()
    {
        var sketch = new SketchedRepository().Add("old").Add("new").Add("oldsig").Add("newsig").Add("att").Add("list").Add("sigsig")
            .Set("v1", "old", 50).Set("v2", "new", 10)
            .Set(SketchedRepository.SignatureOf("old"), "oldsig", 1).Set(SketchedRepository.SignatureOf("new"), "newsig", 90)
            .Set(SketchedRepository.SignatureOf("old", ".att"), "att", 1).Set(SketchedRepository.SignatureOf("old", ""), "list", 1)
            .Set(SketchedRepository.SignatureOf("oldsig"), "sigsig", 1);
        const string Rule = "\"keep\": { \"newest\": 1 }";

        Assert.Equal("old.sig old.sig old.sig oldsig.sig v1", sketch.Deleted(Rule));
        Assert.Equal(["old", "oldsig", "att", "list", "sigsig"], sketch.Steps(Rule).Split(' '));
        Assert.Equal($"belongs to {SketchedRepository.Digest("old")}, which is deleted", sketch.Reason(SketchedRepository.SignatureOf("old"), Rule));
        Assert.Equal($"under a tag of {SketchedRepository.Digest("new")}, which is kept", sketch.Reason(SketchedRepository.SignatureOf("new"), Rule));
        Assert.Equal(new RetentionCount(1, 2), Assert.Single(sketch.Evaluate(Rule).Counts).Value);
    }

    [Fact]
    public void A_pulled_signature_keeps_its_image()
    {
        var sketch = new SketchedRepository().Add("a").Add("b").Add("sig", pulled: 1).Set("v1", "a").Set("v2", "b").Set(SketchedRepository.SignatureOf("a"), "sig");

        Assert.Equal("v2", sketch.Deleted(Pulled30));
    }

    [Fact]
    public void A_signature_without_its_image_stays_for_a_day_and_as_long_as_the_image_is_in_the_trash()
    {
        var sketch = new SketchedRepository().Add("young").Add("trashed").Add("lost").Add("used", pulled: 1).Trash("t")
            .Set(SketchedRepository.SignatureOf("y"), "young", 0.9).Set(SketchedRepository.SignatureOf("t"), "trashed")
            .Set(SketchedRepository.SignatureOf("l"), "lost").Set(SketchedRepository.SignatureOf("u"), "used");

        Assert.Equal("lost used", sketch.Steps("\"keep\": { \"newest\": 20 }"));
        Assert.Equal("lost", sketch.Steps(Pulled30));
        Assert.Equal("", sketch.Steps(Untagged7));
        Assert.Equal($"belongs to {SketchedRepository.Digest("t")}, which is in the trash", sketch.Reason(SketchedRepository.SignatureOf("t"), Newest2));
    }

    [Fact]
    public void A_tag_whose_digest_is_cut_off_is_kept() =>
        Assert.Equal("", new SketchedRepository().Add("sig").Set($"sha512-{new string('a', 110)}.sig", "sig").Deleted("\"keep\": { \"newest\": 0 }"));

    [Fact]
    public void Signatures_that_belong_to_each_other_are_kept()
    {
        var circle = new SketchedRepository().Add("a").Add("b").Add("self").Set(SketchedRepository.SignatureOf("a"), "b").Set(SketchedRepository.SignatureOf("b"), "a")
            .Set(SketchedRepository.SignatureOf("self"), "self");
        var held = new SketchedRepository().Add("root").Add("a").Add("b").Set("v1", "root").Set(SketchedRepository.SignatureOf("root"), "a")
            .Set(SketchedRepository.SignatureOf("b", ".att"), "a").Set(SketchedRepository.SignatureOf("a"), "b");

        Assert.Equal("", circle.Steps("\"keep\": { \"newest\": 0 }"));
        Assert.Equal("root", held.Steps("\"keep\": { \"newest\": 0 }").Split(' ')[0]);
        Assert.DoesNotContain("b", held.Steps("\"keep\": { \"newest\": 0 }").Split(' '));
    }

    [Fact]
    public void What_nothing_holds_goes_after_its_time()
    {
        var sketch = new SketchedRepository().Add("due", idle: 8).Add("young", idle: 6).Add("pushed", pushed: 3, idle: 8).Add("held").Add("pulled", pulled: 3, idle: 8)
            .Add("index", idle: 9).Add("platform").List("index", "platform");

        Assert.Equal("due index platform pulled", sketch.Deleted(Untagged7));
        Assert.Equal(["due", "index", "pulled"], sketch.Steps(Untagged7).Split(' ').Order(StringComparer.Ordinal));
        Assert.Equal("due index platform", sketch.Deleted(Untagged7, Pulled30));
        Assert.Equal("", sketch.Deleted(Newest2));
        Assert.Equal("due index platform pulled young", sketch.Deleted("\"delete\": { \"untaggedAfter\": \"4d\" }"));
        Assert.Equal("", sketch.Deleted(Untagged7, "\"delete\": { \"untaggedAfter\": \"70d\" }"));
        Assert.Equal("untagged for 7d of rule 1 (line 1: \"ci/**\")", sketch.Reason("due", Untagged7));
        Assert.Equal("untagged for less than 7d of rule 1 (line 1: \"ci/**\")", sketch.Reason("young", Untagged7));
        Assert.Equal("held by what is in the trash, or until a moment ago", sketch.Reason("held", Untagged7));
    }

    [Fact]
    public void What_a_client_may_rely_on_stays_for_the_grace_period() =>
        Assert.Equal("older", new SketchedRepository().Add("asked", idle: 0.9).Add("older", idle: 1.1).Deleted("\"delete\": { \"untaggedAfter\": \"1h\" }"));

    [Fact]
    public void Another_rule_may_refuse_a_deletion()
    {
        var immutable = FourTags();
        immutable.ChangeRules = new ContractRules { Tag = change => change.Tag.Value == "v1" ? new RegistryError(RegistryErrorCode.Denied, "v1 is immutable") : null };
        var kept = new SketchedRepository().Add("m", idle: 9);
        kept.ChangeRules = new ContractRules { Manifest = change => change.Content is null ? new RegistryError(RegistryErrorCode.Denied, "no") : null };

        Assert.Equal("v2", immutable.Deleted(Newest2));
        Assert.Equal("another rule refuses the deletion: v1 is immutable", immutable.Reason("v1", Newest2));
        Assert.Equal("", kept.Deleted(Untagged7));
    }

    [Theory]
    [InlineData(50, 50, false)]
    [InlineData(51, 51, true)]
    [InlineData(51, 102, false)]
    [InlineData(52, 103, true)]
    public void More_than_half_and_more_than_50_is_implausible(long deleted, long all, bool isImplausible) =>
        Assert.Equal(isImplausible, new RetentionCount(deleted, all).IsImplausible);

    [Theory]
    [InlineData("sha256-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.sig", true)]
    [InlineData("sha256-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", true)]
    [InlineData("sha256-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", false)]
    [InlineData("sha256-0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef.sig", false)]
    [InlineData("sha256-0123.sig", false)]
    [InlineData("v1", false)]
    public void Tags_of_signatures_name_their_subject(string tag, bool isSignature) => Assert.Equal(
        isSignature ? Digest.Parse("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") : null, AttachedTag.FindSubject(Tag.Parse(tag)));
}
