namespace Registry.Testing.Workloads;

/// <summary>
/// Repeated actions of a user of a registry, in plain C# without a framework. The driver in <c>bench</c>, the tests and NBomber run the same
/// workloads.
/// </summary>
public interface IWorkload
{
    /// <summary>Name, in lower case and hyphens.</summary>
    string Name { get; }

    /// <summary>Description of the workload, in a sentence.</summary>
    string Subject { get; }

    /// <summary>Recommended number of concurrent users.</summary>
    int Users { get; }

    /// <summary>Pushes the content that the workload needs. Called once, before the first user.</summary>
    /// <param name="client">A client whose base address is the registry.</param>
    Task PrepareAsync(HttpClient client);

    /// <summary>Runs one iteration.</summary>
    /// <param name="client">A client whose base address is the registry, shared by all users.</param>
    /// <param name="user">The user's number, from zero.</param>
    /// <param name="iteration">Number of earlier iterations of this user.</param>
    /// <returns>The bytes of blobs and manifests that were sent and received.</returns>
    /// <exception cref="WorkloadException">The registry gave a wrong response.</exception>
    Task<long> RunAsync(HttpClient client, int user, long iteration);
}
