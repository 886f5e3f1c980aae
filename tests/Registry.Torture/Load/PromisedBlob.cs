using System.Diagnostics;
using Registry.Testing;

namespace Registry.Torture.Load;

/// <summary>
/// A blob that no manifest needs. A client asks for it now and then: after each answer that it exists, it must be there for half of the grace period, whatever
/// happens to the server meanwhile.
/// </summary>
/// <param name="repository">Its repository.</param>
/// <param name="promise">Half of the grace period of the registry. The time of a stopped registry does not count, so this is the least.</param>
internal sealed class PromisedBlob(string repository, TimeSpan promise)
{
    private readonly TestBlob _blob = TestBlob.Random(1000);
    private long? _told;

    /// <summary>Asks for the blob; pushes it when it is gone.</summary>
    /// <returns>False when the push was refused.</returns>
    /// <exception cref="ViolationException">It is gone, and was promised.</exception>
    public async Task<bool> AskAsync(LedgerClient client)
    {
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
}
