using System.Text;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Events.Configuration;
using Registry.Events.Formats;

namespace Registry.Events.Tests;

/// <summary>
/// The envelope as listeners of distribution parse it: names and types of its members, byte for byte. Its own structs (notifications/event.go of 2.8.3 and 3.1.1) decode these without an unknown
/// member. It leaves members out that are empty, except those of a request.
/// </summary>
public sealed class DistributionEnvelopeTests
{
    private const string Digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    private const string Request = """{"id":"0HN1","addr":"192.0.2.7","host":"registry.example.com:5443","method":"{method}","useragent":"docker/28.0"}""";
    private const string Source = """{"addr":"{host}","instanceID":"6f9619ff-8b86-d011-b42d-00c04fc964ff"}""";
    private const string Pushed = $$"""
        "mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{Digest}}","size":1234,"length":1234,"repository":"team/app","url":"https://registry.example.com:5443/v2/team/app/manifests/{{Digest}}"
        """;

    private static readonly RegistryChange Change = new()
    {
        Sequence = 1207,
        Kind = ChangeKind.TagSet,
        Time = new DateTimeOffset(2026, 11, 30, 17, 42, 9, 318, TimeSpan.Zero),
        Origin = new ChangeOrigin { Source = ChangeSource.Request, Actor = "bob", Address = "192.0.2.7", Client = "docker/28.0", Request = "0HN1" },
        Repository = RepositoryName.Parse("team/app"),
    };

    public static TheoryData<ChangeKind, string?, string?, string> Events => new()
    {
        { ChangeKind.TagSet, "v1", Digest, $$"""{{{Pushed}},"tag":"v1"}""" },
        { ChangeKind.ManifestAdded, null, Digest, $$"""{{{Pushed}}}""" },
        { ChangeKind.TagRemoved, "v1", null, """{"repository":"team/app","tag":"v1"}""" },
        { ChangeKind.ManifestRemoved, null, Digest, $$"""{"digest":"{{Digest}}","repository":"team/app"}""" },
    };

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_has_the_members_of_distribution(ChangeKind kind, string? tag, string? digest, string target)
    {
        var isPush = kind is ChangeKind.TagSet or ChangeKind.ManifestAdded;
        var change = Change with
        {
            Kind = kind,
            Tag = tag is null ? null : Tag.Parse(tag),
            Digest = digest is null ? null : Core.Oci.Digest.Parse(digest),
            MediaType = isPush ? "application/vnd.oci.image.manifest.v1+json" : null,
            Size = isPush ? 1234 : null,
        };

        var action = isPush ? "push" : "delete";
        var request = Request.Replace("{method}", isPush ? "PUT" : "DELETE", StringComparison.Ordinal);
        var source = Source.Replace("{host}", Environment.MachineName, StringComparison.Ordinal);
        Assert.Equal(
            $$"""{"events":[{"id":"5f0c2a91be34-1207","timestamp":"2026-11-30T17:42:09.318Z","action":"{{action}}","target":{{target}},"request":{{request}},"actor":{"name":"bob"},"source":{{source}}}]}""",
            Encoding.UTF8.GetString(WriterOf(EventFormat.Distribution).Write(change)));
    }

    [Fact]
    public void What_no_request_has_done_has_an_event_without_one()
    {
        var change = Change with { Kind = ChangeKind.ManifestRemoved, Digest = Core.Oci.Digest.Parse(Digest), Origin = ChangeOrigin.Collector };

        var body = Encoding.UTF8.GetString(new EventWriter(EventFormat.Distribution, 1, null, Guid.Empty).Write(change));

        Assert.Contains("""
            "request":{"id":"","method":"","useragent":""},"actor":{},"source":{
            """, body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EventFormat.Distribution, "application/vnd.docker.distribution.events.v2+json")]
    [InlineData(EventFormat.DistributionV1, "application/vnd.docker.distribution.events.v1+json")]
    [InlineData(EventFormat.CloudEvents, "application/cloudevents+json")]
    public void A_format_has_the_media_type_that_its_listeners_look_for(EventFormat format, string mediaType) => Assert.Equal(mediaType, WriterOf(format).MediaType);

    [Fact]
    public void Both_formats_of_distribution_have_the_same_body() =>
        Assert.Equal(WriterOf(EventFormat.Distribution).Write(Change), WriterOf(EventFormat.DistributionV1).Write(Change));

    [Fact]
    public void A_push_is_one_event_whether_it_sets_a_tag_or_not()
    {
        var writer = WriterOf(EventFormat.Distribution);
        var added = Change with { Kind = ChangeKind.ManifestAdded, Digest = Core.Oci.Digest.Parse(Digest) };
        var set = added with { Kind = ChangeKind.TagSet, Sequence = 1208, Tag = Tag.Parse("v1") };

        Assert.False(writer.Has(added, [set]));
        Assert.True(writer.Has(set, []));
        Assert.True(writer.Has(added, []));
        Assert.True(writer.Has(added, [set with { Origin = set.Origin with { Request = "0HN2" } }]));
        Assert.True(writer.Has(added, [set with { Repository = RepositoryName.Parse("team/other") }]));
        Assert.False(writer.Has(Change with { Kind = ChangeKind.RepositoryRenamed, NewName = RepositoryName.Parse("team/new") }, []));
    }

    private static EventWriter WriterOf(EventFormat format) =>
        new(format, 0x5f0c2a91be34, "https://registry.example.com:5443", Guid.Parse("6f9619ff-8b86-d011-b42d-00c04fc964ff"));
}
