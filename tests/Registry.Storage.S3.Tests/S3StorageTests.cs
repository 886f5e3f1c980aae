using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Errors;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Testing.Engines;
using Registry.Testing.Processes;

namespace Registry.Storage.S3.Tests;

/// <summary>Opening: what the settings allow is found out at the start, and each fault is one sentence for the operator.</summary>
public sealed class S3StorageTests(Gateway gateway) : IAsyncDisposable
{
    private readonly S3Engine _engine = new(gateway.NewSettings());
    private readonly RecurringFaults _faults = new(TimeProvider.System, NullLogger<RecurringFaults>.Instance);

    [Fact]
    public async Task Opens_a_bucket_and_leaves_nothing_in_it()
    {
        using var storage = await OpenAsync(gateway.NewSettings());
        Assert.Null(storage.Failure);
        Assert.Empty(await storage.Blobs.ListAsync(cancellationToken: TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Opens_a_bucket_without_a_prefix()
    {
        using var storage = await OpenAsync(gateway.NewSettings() with { Prefix = string.Empty });
        var content = Samples.Bytes(1, 100);
        var place = await storage.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);
        Assert.Equal(content, await storage.Blobs.ReadAsync(place));
        await storage.Blobs.DeleteAsync([place], TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Opens_a_bucket_over_TLS_with_an_authority_of_its_own()
    {
        using var storage = await OpenAsync(gateway.NewSettings() with { Endpoint = gateway.Ceph.SecureEndpoint, Authorities = [gateway.Ceph.Authority.Certificate] });
        var content = Samples.Bytes(1, 100_000);
        Assert.Equal(content, await storage.Blobs.ReadAsync(await storage.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public Task Says_that_the_certificate_of_the_store_is_not_trusted() =>
        AssertRefusedAsync(gateway.NewSettings() with { Endpoint = gateway.Ceph.SecureEndpoint }, "is not trusted", "CA bundle");

    [Fact]
    public Task Says_that_there_is_no_such_bucket() =>
        AssertRefusedAsync(gateway.NewSettings() with { Bucket = "missing" }, "the bucket missing at", "does not exist", "Create it");

    [Fact]
    public Task Says_that_the_store_does_not_know_the_access_key() =>
        AssertRefusedAsync(gateway.NewSettings() with { AccessKey = "stranger" }, "does not know", "Check the access key");

    [Fact]
    public Task Says_that_the_secret_key_is_wrong() =>
        AssertRefusedAsync(gateway.NewSettings() with { SecretKey = "wrong" }, "the signature is wrong", "Check the secret key");

    [Fact]
    public async Task Says_that_the_access_key_has_no_rights()
    {
        await gateway.Ceph.CreateUserAsync("guest", "guestaccesskey", "guestsecretkey");
        await AssertRefusedAsync(gateway.NewSettings() with { AccessKey = "guestaccesskey", SecretKey = "guestsecretkey" }, "AccessDenied", "Allow it to list the bucket");
    }

    [Fact]
    public Task Says_that_nothing_answers_at_the_endpoint() => AssertRefusedAsync(
        gateway.NewSettings() with { Endpoint = new Uri($"http://127.0.0.1:{FreePorts.Find(1)[0]}"), Attempts = 2 }, "cannot be reached", "refused");

    [Fact]
    public Task Says_that_the_endpoint_has_no_address() =>
        AssertRefusedAsync(gateway.NewSettings() with { Endpoint = new Uri("http://store.invalid"), Attempts = 2 }, "cannot be reached: its host name has no address");

    // A store that hangs delays the start by minutes, in which the operator sees why.
    [Fact]
    public async Task Says_at_each_attempt_why_the_start_waits_and_later_nothing()
    {
        await using var proxy = new FaultProxy(gateway.Ceph.Endpoint);
        using var log = new RecordedLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        proxy.Damage(new Fault(FaultKind.InternalError), "GET ");
        var settings = gateway.NewSettings() with { Endpoint = proxy.Address };

        using var storage = await S3Storage.OpenAsync(settings, _engine.Ledger, _faults, TimeProvider.System, loggers, TestContext.Current.CancellationToken);
        proxy.Damage(new Fault(FaultKind.InternalError), "HEAD ");
        await storage.Blobs.StatAsync(new BlobPlace(Samples.Digest([1]), "blobs/none"), TestContext.Current.CancellationToken);

        Assert.Equal(2, proxy.Faults);
        var line = Assert.Single(log.Entries);
        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.EndsWith(" has answered 500 InternalError, injected. The start tries again: attempt 2 of 5", line.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Takes_the_credentials_of_the_environment_and_says_that_there_are_none()
    {
        var settings = gateway.NewSettings() with { AccessKey = null, SecretKey = null };
        Environment.SetEnvironmentVariable("AWS_EC2_METADATA_DISABLED", "true");
        await AssertRefusedAsync(settings, "gets no credentials", "Set an access key");

        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", CephGateway.AccessKey);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", CephGateway.SecretKey);
        using var storage = await OpenAsync(settings);
        Assert.Null(storage.Failure);
    }

    public async ValueTask DisposeAsync()
    {
        _faults.Dispose();
        await _engine.DisposeAsync();
    }

    private Task<S3Storage> OpenAsync(S3Settings settings) =>
        S3Storage.OpenAsync(settings, _engine.Ledger, _faults, TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);

    private async Task AssertRefusedAsync(S3Settings settings, params string[] expected)
    {
        var refused = await Assert.ThrowsAsync<StorageException>(async () => (await OpenAsync(settings)).Dispose());
        Assert.All(expected, part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', refused.Message);
    }
}
