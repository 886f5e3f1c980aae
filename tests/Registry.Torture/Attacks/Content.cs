using System.Text.Json.Nodes;
using Registry.Testing;
using Registry.Testing.Connections;

namespace Registry.Torture.Attacks;

/// <summary>Content that attacks push beforehand, as any user may.</summary>
internal static class Content
{
    /// <summary>A little below the largest manifest of the default settings, 4 MiB.</summary>
    public const int Large = 4_100_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>An annotation of a size.</summary>
    public static Action<JsonObject> Annotated(int size) => json => json["annotations"] = new JsonObject { ["a"] = new string('a', size) };

    /// <summary>Pushes an image.</summary>
    public static async Task PushAsync(Target target, TestImage image, Tally tally, CancellationToken stop = default)
    {
        using var client = target.CreateClient();
        using var end = stop.Register(client.CancelPendingRequests);
        try
        {
            await client.PushAsync(Target.Repository, image);
        }
        catch (Exception e) when (stop.CanBeCanceled && (e is InvalidOperationException or OperationCanceledException || e.IsLostConnection()))
        {
            // The attack has begun, and the registry may refuse it.
            tally.Add("pushes refused");
            await Task.Delay(Pause, CancellationToken.None);
        }
    }
}
