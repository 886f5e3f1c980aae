using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Storage;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Tests.Requests;

public sealed class S3CircuitTests
{
    private const string Reason = "S3: the bucket b at http://store does not answer";

    private readonly FakeTimeProvider _time = new();
    private readonly S3Circuit _circuit;

    public S3CircuitTests() => _circuit = new S3Circuit("the bucket b at http://store", _time, NullLogger<S3Circuit>.Instance);

    [Fact]
    public void It_opens_after_faults_in_a_row_and_says_why()
    {
        Fail(S3Circuit.Threshold - 1);
        _circuit.Works();
        Fail(S3Circuit.Threshold - 1);
        _circuit.ThrowIfOpen();
        Assert.Null(_circuit.Failure);

        Fail(1);

        Assert.Equal(Reason, _circuit.Failure);
        var refused = Assert.Throws<StorageException>(() => _circuit.ThrowIfOpen());
        Assert.StartsWith(Reason, refused.Message, StringComparison.Ordinal);
        Assert.True(refused.IsTransient);
    }

    [Fact]
    public void One_request_is_let_through_after_each_pause()
    {
        Fail(S3Circuit.Threshold);
        for (var pause = 0; pause < 3; pause++)
        {
            _time.Advance(S3Circuit.Pause - TimeSpan.FromTicks(1));
            Assert.Throws<StorageException>(() => _circuit.ThrowIfOpen());
            _time.Advance(TimeSpan.FromTicks(1));
            _circuit.ThrowIfOpen(isRequest: false);
            _circuit.ThrowIfOpen();
            Assert.Throws<StorageException>(() => _circuit.ThrowIfOpen());
            Fail(1);
        }
    }

    [Fact]
    public void It_closes_when_the_store_works_again()
    {
        Fail(S3Circuit.Threshold);
        _circuit.Works();
        Assert.Null(_circuit.Failure);
        _circuit.ThrowIfOpen();
        Fail(S3Circuit.Threshold - 1);
        _circuit.ThrowIfOpen();
    }

    private void Fail(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _circuit.Failed(Reason);
        }
    }
}
