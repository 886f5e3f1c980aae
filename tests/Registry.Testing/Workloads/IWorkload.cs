namespace Registry.Testing.Workloads;

/// <summary>
/// What one user of a registry does, again and again, in plain C# and without a framework: the driver in <c>bench</c>, the tests and NBomber
/// run the same ones.
/// </summary>
public interface IWorkload
{
    /// <summary>Its name: lower case and hyphens.</summary>
    string Name { get; }

    /// <summary>What it does, in a sentence.</summary>
    string Subject { get; }

    /// <summary>How many users at once are meant.</summary>
    int Users { get; }

    /// <summary>Pushes what must be there. Called once, before the first user.</summary>
    /// <param name="client">A client whose base address is the registry.</param>
    Task PrepareAsync(HttpClient client);

    /// <summary>Does it once.</summary>
    /// <param name="client">A client whose base address is the registry, shared by all users.</param>
    /// <param name="user">The user's number, from zero.</param>
    /// <param name="iteration">How many times this user has done it.</param>
    /// <returns>The bytes of blobs and manifests that were sent and received.</returns>
    /// <exception cref="WorkloadException">The registry has answered something else than what is right.</exception>
    Task<long> RunAsync(HttpClient client, int user, long iteration);
}
