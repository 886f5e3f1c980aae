using System.Diagnostics;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Access;
using Registry.Server.Configuration;
using Registry.Server.Hosting;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Documentation;

namespace Registry.Server.Tests.Budgets;

/// <summary>
/// Bytes that a request may allocate, without Kestrel's: the table of docs/performance.md. Matching a route allocates none
/// (<see cref="Routing.RouteTrieTests"/>).
/// </summary>
public sealed class BudgetTests : IAsyncLifetime
{
    private const string Repository = "public/app";
    private const string SignedRepository = "public/signed";
    private const int WarmUp = 200;
    private const int Requests = 2000;

    // An unoptimised build puts the state of every async method on the heap, which an optimised one does only when it has to wait.
    private const int ForUnoptimisedBuilds = 3000;

    private readonly AccessFolder _folder = new();
    private readonly TemporaryFolder _data = new();

    // Pulls are recorded, which costs most, and one repository needs signatures.
    private readonly TemporaryFolder _policy = new();
    private readonly TestSigner _signer = new();
    private readonly TestBlob _blob = TestBlob.Random(4096);
    private RegistryHost _host = null!;
    private TestImage _image = null!;

    public static TheoryData<string, string, string, bool, int> Budgets => new()
    {
        { "`/v2/`, with a password", "GET", "/v2/", true, 520 },
        { "Manifest by tag", "GET", $"/v2/{Repository}/manifests/latest", false, 110 },
        { "Manifest by tag, with a password", "GET", $"/v2/{Repository}/manifests/latest", true, 520 },
        { "Manifest by digest", "GET", $"/v2/{Repository}/manifests/MANIFEST", false, 110 },
        { "Manifest, head", "HEAD", $"/v2/{Repository}/manifests/latest", false, 110 },
        { "Manifest of a signed image", "GET", $"/v2/{SignedRepository}/manifests/latest", false, 110 },
        { "Blob, head", "HEAD", $"/v2/{Repository}/blobs/BLOB", false, 110 },
        { "Small blob", "GET", $"/v2/{Repository}/blobs/BLOB", false, 110 },
    };

    private static bool IsOptimised => typeof(RegistryHost).Assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };

    public async ValueTask InitializeAsync()
    {
        // No log, since the recorded one of other tests asks for every line.
        await File.WriteAllTextAsync(_policy.File("test.pub"), _signer.PublicKey);
        await File.WriteAllTextAsync(
            _policy.File("policy.json"), $$"""
            { "rules": [
              { "repository": "{{SignedRepository}}", "requireSignature": { "cosign": ["test.pub"] } },
              { "repository": "**", "keep": { "pulledWithin": "30d" } } ] }
            """);
        var options = _folder.Configure(
            new RegistryOptions { Host = "127.0.0.1", Port = 0, StoragePath = _data.Path, PolicyConfig = _policy.File("policy.json") }, AuthenticationKind.Basic);
        _host = await RegistryHost.StartAsync(options, TimeProvider.System, NullLoggerFactory.Instance);
        using var client = new HttpClient { BaseAddress = new Uri(_host.Addresses[0]) };
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", Authorization);
        await client.PushBlobAsync(Repository, _blob);
        _image = await client.PushAsync(Repository, TestImage.Create(), "latest");
        await client.PushAsync(SignedRepository, _image, "latest");
        await client.PushAsync(SignedRepository, _signer.Bundle(_image));
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _signer.Dispose();
        _policy.Dispose();
        _folder.Dispose();
        _data.Dispose();
    }

    [Theory]
    [MemberData(nameof(Budgets))]
    public async Task A_request_stays_within_its_budget(string what, string method, string target, bool withPassword, int budget)
    {
        target = target.Replace("MANIFEST", _image.Digest, StringComparison.Ordinal).Replace("BLOB", _blob.Digest, StringComparison.Ordinal);
        var request = new DirectRequest(_host.Handle, method, target, withPassword ? Authorization : null);
        for (var i = 0; i < WarmUp; i++)
        {
            await request.RunAsync();
            Assert.Equal(200, request.Status);
        }

        // On this thread alone, which is possible because nothing has to be waited for. The smallest of several runs: an answer in memory is
        // looked at again now and then, and then it is waited for.
        var smallest = Enumerable.Range(0, 5).Min(_ => Measure(request));
        Assert.Equal(method == "GET", request.BodyLength > 0);
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {smallest} bytes");
        Assert.InRange(smallest, 0, IsOptimised ? budget : budget + ForUnoptimisedBuilds);
    }

    [Fact]
    public void The_document_has_the_budgets() => Assert.All(Budgets, row => Assert.Contains(
        $"| {row.Data.Item1} | `{row.Data.Item2}` | {row.Data.Item5} B |", Document.Read("docs/performance.md").Text, StringComparison.Ordinal));

    private static string Authorization => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"admin:{AccessFolder.Password("admin")}"));

    private static long Measure(DirectRequest request)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Requests; i++)
        {
            var answered = request.RunAsync();
            if (!answered.IsCompletedSuccessfully)
            {
                // Looked at again: nothing that this thread can count.
                answered.GetAwaiter().GetResult();
            }
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Requests;
    }
}
