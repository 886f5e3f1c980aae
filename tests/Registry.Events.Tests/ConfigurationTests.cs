using System.Text;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Events.Configuration;

namespace Registry.Events.Tests;

public sealed class ConfigurationTests
{
    private const string Secret = EventReceiver.Secret;

    public static TheoryData<string, string> Faults => new()
    {
        { "{ }", "line 1: endpoints is missing; allowed: an array of endpoints" },
        { """{ "endpoint": [] }""", "line 1: unknown property \"endpoint\"; allowed: endpoints" },
        { "{ \"endpoints\": [\n{ \"name\": \"a\" } ] }", "line 2: endpoints[0] needs all of name, url" },
        { Of("\"url\": \"ftp://x\""), "endpoints[0].url is \"ftp://x\"; allowed: https:// or http:// with a host" },
        { Of("\"url\": \"https://me:secret@host/\""), "endpoints[0].url is \"…@host/\"; allowed:" },
        { Of("\"format\": \"xml\""), "endpoints[0].format is \"xml\"; allowed: cloudevents, distribution, distribution-v1" },
        { Of("\"secret\": \"hunter2\""), "endpoints[0].secret is no secret; allowed: whsec_" },
        { Of("\"secret\": \"whsec_AAAA\""), "endpoints[0].secret is no secret; allowed: whsec_" },
        { Of("\"secretFile\": \"nothing.txt\""), "endpoints[0].secretFile is \"nothing.txt\", which cannot be used" },
        { Of("\"headers\": { \"Host\": \"x\" }"), "endpoints[0].headers has \"Host\"; allowed:" },
        { Of("\"headers\": { \"webhook-id\": \"x\" }"), "endpoints[0].headers has \"webhook-id\"; allowed:" },
        { Of("\"headers\": { \"X-A\": \"a\\nb\" }"), "endpoints[0].headers.X-A is no value of a header" },
        { Of("\"repositories\": [\"A\"]"), "endpoints[0].repositories[0] is \"A\"; allowed:" },
        { Of("\"tags\": [\"a/b\"]"), "endpoints[0].tags[0] is \"a/b\"; allowed:" },
        { Of("\"kinds\": [\"pull\"]"), "endpoints[0].kinds[0] is \"pull\"; allowed: manifest-added, manifest-removed, tag-set, tag-removed, repository-renamed" },
        { Of("\"addresses\": [\"localhost\"]"), "endpoints[0].addresses[0] is \"localhost\"; allowed: an address or a network" },
        { Of("\"pulls\": true"), "unknown property \"pulls\" in endpoints[0]" },
        { "{ \"endpoints\": [ { \"name\": \"a\", \"url\": \"https://x\" },\n { \"name\": \"a\", \"url\": \"https://y\" } ] }", "line 2: endpoints[1].name is \"a\", and so is endpoints[0].name" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_named_with_its_line(string json, string message)
    {
        var fault = Assert.Throws<FormatException>(() => Read(json));

        Assert.StartsWith("line ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_properties_are_read()
    {
        var endpoint = Assert.Single(Read($$"""
            { "endpoints": [ {
              "name": "ci", "url": "https://ci.example.com/hooks?a=b", "format": "distribution", "secret": "{{Secret}}", "headers": { "Authorization": "Bearer x" },
              "repositories": ["team/**"], "tags": ["v*"], "kinds": ["tag-set"], "addresses": ["10.0.0.0/8", "127.0.0.1", "::1"], // a comment
            } ] }
            """).Endpoints);

        Assert.Equal(("ci", "https://ci.example.com/hooks?a=b", EventFormat.Distribution, true), (endpoint.Name, endpoint.Url.AbsoluteUri, endpoint.Format, endpoint.Secret is not null));
        Assert.Equal(["Authorization: Bearer x"], endpoint.Headers.Select(header => $"{header.Key}: {header.Value}"));
        Assert.Equal(["10.0.0.0/8", "127.0.0.1/32", "::1/128"], endpoint.Addresses.Select(network => network.ToString()));
        Assert.True(endpoint.Wants(Change("team/a", "v1")));
        Assert.False(endpoint.Wants(Change("team/a", "latest")));
        Assert.False(endpoint.Wants(Change("other/a", "v1")));
        Assert.False(endpoint.Wants(Change("team/a", "v1") with { Kind = ChangeKind.TagRemoved }));
        Assert.False(endpoint.Wants(Change("team/a", "v1") with { Tag = null }));
    }

    [Fact]
    public void A_signature_is_that_of_the_example_of_Standard_Webhooks()
    {
        // "Verifying signatures" of the reference implementation, tests/test_webhooks.py.
        var signature = WebhookSecret.TryParse(Secret)!.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"u8);

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature);
    }

    [Fact]
    public void A_file_has_several_secrets_each_in_a_line()
    {
        Assert.Equal(2, WebhookSecret.TryParseFile(Encoding.UTF8.GetBytes($"{Secret}\n\n{Secret}\n"))!.Count);
        Assert.Null(WebhookSecret.TryParseFile(Encoding.UTF8.GetBytes($"{Secret}\nother\n")));
        Assert.Null(WebhookSecret.TryParseFile("\n"u8));
    }

    private static RegistryChange Change(string repository, string tag) => new()
    {
        Sequence = 1,
        Kind = ChangeKind.TagSet,
        Time = DateTimeOffset.UnixEpoch,
        Origin = ChangeOrigin.Collector,
        Repository = RepositoryName.Parse(repository),
        Tag = Tag.Parse(tag),
    };

    private static string Of(string property) => $$"""{ "endpoints": [ { "name": "a", {{(property.Contains("\"url\"", StringComparison.Ordinal) ? "" : "\"url\": \"https://x\", ")}}{{property}} } ] }""";

    private static EventsConfiguration Read(string json) => EventsConfigurationReader.Read(Encoding.UTF8.GetBytes(json), Path.GetTempPath());
}
