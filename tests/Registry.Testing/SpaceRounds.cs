namespace Registry.Testing;

/// <summary>Registries that compute their space every second.</summary>
public static class SpaceRounds
{
    /// <summary>Waits for a computation of the space that has begun after the call.</summary>
    /// <param name="registry">The registry.</param>
    /// <param name="path">Path that tells about space.</param>
    /// <param name="headers">Headers of the request.</param>
    /// <returns>The answer with its figures.</returns>
    public static async Task<Answer> AwaitSpaceAsync(this TestRegistry registry, string path = "/api/v1/space", params (string Name, string Value)[] headers)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var asked = DateTimeOffset.UtcNow;
        Answer? answer = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                answer = await registry.Client.GetAnswerAsync(path, headers);
                return answer.Status == 200 && answer.Json.GetProperty("computedAt").GetDateTimeOffset() > asked;
            },
            "a later round has ended");
        return answer!;
    }
}
