using System.Diagnostics;
using Registry.Testing;

namespace Registry.Torture.Load;

/// <summary>
/// A blob that no manifest needs. A client asks for it now and then: after each answer that it exists, it must be there for half of the grace period, whatever
/// happens to the server meanwhile. It asks rarely, since each answer after half of the grace period renews the promise: answers at once after a restart
/// would repair a renewal that the kill has lost, before the blob expires.
/// </summary>
/// <param name="repository">Its repository.</param>
/// <param name="promise">Half of the grace period of the registry. The time of a stopped registry does not count, so this is the least.</param>
internal sealed class PromisedBlob(string repository, TimeSpan promise)
{
    // A lost renewal then shows: the blob was two of these old at the renewal and is three at the next question, more than the grace period.
    private readonly TimeSpan _pause = 0.8 * promise;
    private readonly TestBlob _blob = TestBlob.Random(1000);
    private long? _told;

    /// <summary>Asks for the blob, unless the last answer is young; pushes it when it is gone.</summary>
    /// <returns>False when the push was refused.</returns>
    /// <exception cref="ViolationException">It is gone, and was promised.</exception>
    public async Task<bool> AskAsync(LedgerClient client)
    {
        if (_told is { } last && Stopwatch.GetElapsedTime(last) < _pause)
        {
            return true;
        }

        var asked = Stopwatch.GetTimestamp();
        switch (await client.HasAsync(repository, _blob))
        {
            case true:
                _told = asked;
                return true;
            case null:
                return true;
            default:
                if (_told is { } told && Stopwatch.GetElapsedTime(told) < promise)
                {
                    throw new ViolationException($"{_blob.Digest} of {repository} is gone {Stopwatch.GetElapsedTime(told)} after a client was told that it exists");
                }

                _told = null;
                return await client.PushAsync(repository, _blob);
        }
    }

    /// <summary>Asks for the blob at once, and pushes it when it is gone: from now on, it is promised.</summary>
    public async Task RenewAsync(LedgerClient client)
    {
        if (await client.HasAsync(repository, _blob) is not true)
        {
            await client.PushAsync(repository, _blob);
        }
    }

    /// <summary>Requires that the blob is there, which <see cref="RenewAsync"/> has renewed.</summary>
    /// <exception cref="ViolationException">It is gone.</exception>
    public async Task RequireAsync(LedgerClient client)
    {
        if (await client.HasAsync(repository, _blob) is not true)
        {
            throw new ViolationException($"{_blob.Digest} of {repository} is gone, which a client was told exists");
        }
    }
}
