// The program. What it does is Agent's business.
import Agent

AgentProgram.main()
