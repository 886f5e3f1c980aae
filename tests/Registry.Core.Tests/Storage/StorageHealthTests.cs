using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Storage;

namespace Registry.Core.Tests.Storage;

public sealed class StorageHealthTests
{
    [Fact]
    public void The_first_failure_stays_and_ends_without_a_full_stop()
    {
        var health = new StorageHealth(NullLogger<StorageHealth>.Instance);

        health.Fail("SQLite Error 10: 'disk I/O error'.");
        health.Fail("another failure");

        Assert.Equal("SQLite Error 10: 'disk I/O error'", health.Failure);
        Assert.Equal("Writes have stopped: SQLite Error 10: 'disk I/O error'", Assert.Throws<StorageException>(health.ThrowIfFailed).Message);
    }
}
